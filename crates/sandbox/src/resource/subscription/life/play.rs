//! A life being played: commands, cards and days, with a look at everything after each of them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::SubscriptionStatus::{Active, Canceled, PastDue, Paused, Trialing};
use super::super::{Subscription, SubscriptionStatus};
use super::books::Books;
use super::command::{Command, GOOD, PRORATIONS, plans};
use crate::call::{Call, Caller};
use crate::operations;
use crate::query::Query;
use crate::reply::Reply;
use crate::resource::order::OrderStatus;
use crate::resource::payment_method;
use crate::seed;
use crate::world::{Id, World};

/// Every way from one status to another that Polar documents, seen from outside: between two looks,
/// a subscription that resumes may have been refused the first bill already.
const WAYS: &[(SubscriptionStatus, SubscriptionStatus)] = &[
    (Active, Trialing),
    (Active, PastDue),
    (Active, Paused),
    (Active, Canceled),
    (Trialing, Active),
    (Trialing, PastDue),
    (Trialing, Paused),
    (Trialing, Canceled),
    (PastDue, Active),
    (PastDue, Paused),
    (PastDue, Canceled),
    (Paused, Active),
    (Paused, PastDue),
    (Paused, Canceled),
];

/// One customer and their subscription.
pub(super) struct Life {
    pub(super) world: World,
    pub(super) subscription: Id<Subscription>,
    plans: Vec<String>,
    discounts: Vec<String>,
    seen: SubscriptionStatus,
    books: Books,
}

impl Life {
    /// In Austria what is paid has tax in it; nowhere, there is none.
    pub(super) fn begin(country: Option<&str>) -> Self {
        let now = "2026-01-31T10:00:00Z".parse().unwrap();
        let mut world = seed::world(7, now, "http://localhost".to_owned());
        let seller = world.credentials.as_ref().unwrap().organization;
        let features = &mut world.organizations.find_mut(seller).unwrap().features;
        features.unit_based_pricing_enabled = true;
        features.reset_proration_behavior_enabled = true;
        features.meter_cycling_enabled = true;
        let mut make =
            |operation: &str, body: Value| id(&call(&mut world, operation, None, body).unwrap());
        let clause = json!({"property": "name", "operator": "eq", "value": "call"});
        let meter = json!({
            "name": "Calls", "aggregation": {"func": "count"},
            "filter": {"conjunction": "and", "clauses": [clause]},
        });
        let meter = make("meters:create", meter);
        let plans: Vec<_> = plans(&meter)
            .into_iter()
            .map(|body| make("products:create", body))
            .collect();
        let less = |more: Value| {
            let mut body = json!({"name": "Less", "duration": "forever"});
            crate::render::merge(&mut body, more);
            body
        };
        let discounts = [
            less(json!({"type": "percentage", "basis_points": 3300})),
            less(json!({"type": "fixed", "amounts": {"usd": 700}})),
        ];
        let discounts = discounts
            .map(|body| make("discounts:create", body))
            .to_vec();
        let address = country.map(|country| json!({"country": country}));
        let buyer =
            json!({"email": "ada@example.com", "type": "individual", "billing_address": address});
        let buyer = make("customers:create", buyer);
        let body = json!({"product_id": plans[0], "customer_id": buyer});
        let made = make("subscriptions:create", body);
        let mut life = Self {
            world,
            subscription: Id::parse(&made).unwrap(),
            plans,
            discounts,
            seen: Active,
            books: Books::default(),
        };
        life.card(GOOD);
        life
    }

    pub(super) fn row(&self) -> &Subscription {
        self.world.subscriptions.get(self.subscription).unwrap()
    }

    pub(super) fn card(&mut self, token: &str) {
        let customer = self.row().customer;
        let card = payment_method::card(token);
        let method = payment_method::store(&mut self.world, customer, &card);
        let row = self.world.customers.find_mut(customer).unwrap();
        row.default_payment_method = Some(method);
        let row = self.world.subscriptions.find_mut(self.subscription);
        row.unwrap().payment_method = Some(method);
    }

    pub(super) fn act(&mut self, command: Command) -> Result<(), TestCaseError> {
        let update = "subscriptions:update";
        match command {
            Command::Patch(body) => self.ask(update, &body),
            Command::Move(to, how) => {
                let body =
                    json!({"product_id": self.plans[to], "proration_behavior": PRORATIONS[how]});
                self.ask(update, &body);
            }
            Command::Number(what, number, how) => {
                self.ask(
                    update,
                    &json!({what: number, "proration_behavior": PRORATIONS[how]}),
                );
            }
            Command::End(days) => {
                let end = self.world.now() + SignedDuration::from_hours(24 * days);
                self.ask(
                    update,
                    &json!({"current_billing_period_end": end.to_string()}),
                );
            }
            Command::Discount(which) => {
                self.ask(
                    update,
                    &json!({"discount_id": self.discounts[which].clone()}),
                );
            }
            Command::Trial(days) => {
                let end = self.world.now() + SignedDuration::from_hours(24 * days);
                self.ask(update, &json!({"trial_end": end.to_string()}));
            }
            Command::Use(times) => {
                let event = json!({"name": "call", "customer_id": self.row().customer});
                let body = json!({"events": vec![event; times]});
                call(&mut self.world, "events:ingest", None, body).unwrap();
            }
            Command::Revoke => self.ask("subscriptions:revoke", &Value::Null),
            Command::Card(token) => self.card(token),
            Command::Wait(hours) => {
                let end = self.world.now() + SignedDuration::from_hours(hours);
                return self.wait_until(end);
            }
        }
        self.look()?;
        self.settle()
    }

    /// Refusals are fine: they change nothing, which is checked.
    fn ask(&mut self, operation: &str, body: &Value) {
        let before = self.row().clone();
        let path = self.subscription.to_string();
        if call(&mut self.world, operation, Some(path), body.clone()).is_none() {
            assert_eq!(*self.row(), before, "refused, yet changed by {body}");
        }
    }

    fn settle(&mut self) -> Result<(), TestCaseError> {
        while self.world.work() || self.world.work_quietly() {
            self.look()?;
        }
        Ok(())
    }

    pub(super) fn wait_until(&mut self, end: Timestamp) -> Result<(), TestCaseError> {
        while let Some(due) = self.world.next_date().filter(|due| *due <= end) {
            let wall = self.world.now();
            self.world.move_to(due, wall);
            self.settle()?;
        }
        let wall = self.world.now();
        self.world.move_to(end, wall);
        self.look()
    }

    /// What holds at every moment.
    fn look(&mut self) -> Result<(), TestCaseError> {
        let row = self.row().clone();
        let way = (self.seen, row.status);
        prop_assert!(
            way.0 == way.1 || WAYS.contains(&way),
            "an undocumented way: {way:?}"
        );
        self.seen = row.status;
        prop_assert!(row.period_start <= row.period_end, "{row:?}");
        let ended = row.status == Canceled;
        prop_assert_eq!(ended, row.ended_at.is_some());
        prop_assert!(!ended || row.ends_at.is_some(), "{row:?}");
        prop_assert!(
            !(row.cancel_at_period_end && row.pause_at_period_end),
            "{row:?}"
        );
        prop_assert!(
            !row.cancel_at_period_end || row.ends_at.is_some(),
            "{row:?}"
        );
        let rests = row.paused_at.is_some();
        prop_assert!(rests || row.status != Paused, "{row:?}");
        prop_assert!(
            !rests || [Paused, Canceled].contains(&row.status),
            "{row:?}"
        );
        prop_assert!(row.status != Trialing || row.trial_end.is_some(), "{row:?}");
        prop_assert!(
            row.status != PastDue || row.past_due_at.is_some(),
            "{row:?}"
        );
        if row.status == PastDue {
            let mut orders = self.world.orders.iter();
            let owes = orders.any(|order| {
                order.subscription == Some(row.id) && order.status == OrderStatus::Pending
            });
            prop_assert!(owes, "past due, yet nothing is owed: {row:?}");
        }
        self.books.look(&self.world, &row)
    }
}

fn call(world: &mut World, operation: &str, path: Option<String>, body: Value) -> Option<Value> {
    let organization = world.credentials.as_ref()?.organization;
    let path = path.map(|id| ("id".to_owned(), id));
    let call = Call {
        caller: Caller::Organization(organization),
        path: BTreeMap::from_iter(path),
        query: Query::default(),
        body,
    };
    match operations::run(world, operation, &call).ok()? {
        Reply::Json(made) => Some(made.value()),
        Reply::Empty | Reply::Redirect(_) | Reply::Watch(_) | Reply::File { .. } => {
            Some(Value::Null)
        }
    }
}

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}
