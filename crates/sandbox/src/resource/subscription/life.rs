//! Whole lives: any sequence of commands, cards and days leaves every subscription in good order.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::SubscriptionStatus::{Active, Canceled, PastDue, Paused, Trialing};
use super::{Subscription, SubscriptionStatus};
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

const PRORATIONS: [&str; 4] = ["invoice", "prorate", "next_period", "reset"];

#[derive(Debug, Clone)]
enum Command {
    Patch(Value),
    Move(usize, usize),
    Trial(i64),
    Revoke,
    Card(&'static str),
    Wait(i64),
}

fn command() -> impl Strategy<Value = Command> {
    let patches = prop::sample::select(vec![
        json!({"cancel_at_period_end": true, "customer_cancellation_reason": "unused"}),
        json!({"cancel_at_period_end": true}),
        json!({"cancel_at_period_end": false}),
        json!({"pause_at_period_end": true}),
        json!({"pause_at_period_end": false}),
        json!({"resume": true}),
        json!({"pending_update": null}),
        json!({"trial_end": "now"}),
        json!({"seats": 3}),
        json!({"discount_id": null}),
    ]);
    let cards = prop::sample::select(vec!["pm_card_visa", "pm_card_chargeCustomerFail"]);
    prop_oneof![
        4 => patches.prop_map(Command::Patch),
        4 => (0..3usize, 0..PRORATIONS.len()).prop_map(|(to, how)| Command::Move(to, how)),
        1 => (1..90i64).prop_map(Command::Trial),
        1 => Just(Command::Revoke),
        2 => cards.prop_map(Command::Card),
        5 => (1..1200i64).prop_map(Command::Wait),
    ]
}

/// One customer and their subscription.
struct Life {
    world: World,
    subscription: Id<Subscription>,
    plans: Vec<String>,
    seen: SubscriptionStatus,
}

impl Life {
    fn begin() -> Self {
        let now = "2026-01-31T10:00:00Z".parse().unwrap();
        let mut world = seed::world(7, now, "http://localhost".to_owned());
        let fixed = |amount: i64| json!({"amount_type": "fixed", "price_currency": "usd", "price_amount": amount});
        let plan = |name: &str, interval: &str, amount: i64| json!({"name": name, "recurring_interval": interval, "prices": [fixed(amount)]});
        let bodies = [
            plan("Nothing", "month", 0),
            plan("Some", "month", 1_000),
            plan("All", "year", 10_000),
        ];
        let plans: Vec<String> = bodies
            .into_iter()
            .map(|body| id(&call(&mut world, "products:create", None, body).unwrap()))
            .collect();
        let buyer = json!({"email": "ada@example.com", "type": "individual"});
        let buyer = id(&call(&mut world, "customers:create", None, buyer).unwrap());
        let body = json!({"product_id": plans[0], "customer_id": buyer});
        let made = id(&call(&mut world, "subscriptions:create", None, body).unwrap());
        let mut life = Self {
            world,
            subscription: Id::parse(&made).unwrap(),
            plans,
            seen: Active,
        };
        life.card("pm_card_visa");
        life
    }

    fn row(&self) -> &Subscription {
        self.world.subscriptions.get(self.subscription).unwrap()
    }

    fn card(&mut self, token: &str) {
        let customer = self.row().customer;
        let card = payment_method::card(token);
        let method = payment_method::store(&mut self.world, customer, &card);
        let row = self.world.customers.find_mut(customer).unwrap();
        row.default_payment_method = Some(method);
        let row = self.world.subscriptions.find_mut(self.subscription);
        row.unwrap().payment_method = Some(method);
    }

    fn act(&mut self, command: Command) -> Result<(), TestCaseError> {
        let update = "subscriptions:update";
        match command {
            Command::Patch(body) => self.ask(update, &body),
            Command::Move(to, how) => {
                let body =
                    json!({"product_id": self.plans[to], "proration_behavior": PRORATIONS[how]});
                self.ask(update, &body);
            }
            Command::Trial(days) => {
                let end = self.world.now() + SignedDuration::from_hours(24 * days);
                self.ask(update, &json!({"trial_end": end.to_string()}));
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

    fn wait_until(&mut self, end: Timestamp) -> Result<(), TestCaseError> {
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
        Ok(())
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_sequence_of_commands_and_days_leaves_the_documented_ways(
        commands in prop::collection::vec(command(), 1..25),
    ) {
        let mut life = Life::begin();
        for command in commands {
            life.act(command)?;
        }
        // With a card that is refused, nothing stays past due for ever.
        let owing = life.row().status == PastDue;
        life.card("pm_card_chargeCustomerFail");
        let end = life.world.now() + SignedDuration::from_hours(24 * 35);
        life.wait_until(end)?;
        prop_assert!(!owing || [Canceled, Paused].contains(&life.row().status));
    }
}

#[test]
fn a_life_with_everything_in_it() {
    let mut life = Life::begin();
    let patch = |body: Value| Command::Patch(body);
    let steps = [
        (Command::Move(1, 0), Active),
        (Command::Card("pm_card_chargeCustomerFail"), Active),
        (Command::Wait(24 * 29), PastDue),
        (Command::Card("pm_card_visa"), PastDue),
        (Command::Wait(24 * 3), Active),
        (patch(json!({"pause_at_period_end": true})), Active),
        (Command::Wait(24 * 31), Paused),
        (patch(json!({"resume": true})), Active),
        (Command::Trial(40), Trialing),
        (patch(json!({"cancel_at_period_end": true})), Trialing),
        (patch(json!({"cancel_at_period_end": false})), Trialing),
        (Command::Wait(24 * 40 + 1), Active),
        (patch(json!({"cancel_at_period_end": true})), Active),
        (Command::Wait(24 * 32), Canceled),
    ];
    for (command, status) in steps {
        let said = format!("{command:?}");
        life.act(command).unwrap();
        assert_eq!(life.row().status, status, "after {said}");
    }
}
