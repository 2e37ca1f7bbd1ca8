//! One customer's story at a stall, told in acts; each act is over when everything it causes is.

use reqwest::Method;
use serde_json::{Value, json};

use crate::selling::stall::{Stall, id};

const EMAIL: &str = "ada@example.com";
const PORTAL: &str = "/v1/customer-portal";

/// What is on sale.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Plan {
    Once(i64),
    Monthly(i64),
    Yearly(i64),
    /// Monthly, after so many days for nothing.
    Trial(i64),
    /// Monthly, by the seat.
    Seats,
    /// Monthly, by use.
    Metered,
}

/// Something that somebody does, or that time does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    /// A checkout is opened and filled in.
    Open,
    /// The buyer presses "pay", which is answered so.
    Confirm(&'static str, u16),
    /// Open and confirm.
    Buy(&'static str),
    /// The seller subscribes a known customer.
    Subscribe,
    /// The subscriber of something free buys this instead.
    Upgrade(Plan),
    /// The seller changes the subscription.
    Patch(&'static str),
    /// The seller moves it to another plan.
    Move(Plan, &'static str),
    /// The seller ends it.
    Delete,
    Wait(&'static str),
    /// The customer saves a card as the default.
    Card(&'static str),
    /// The customer pays the newest order.
    Pay(&'static str),
    /// The seller gives back the newest order, or this much of it, with or without what was granted.
    Refund(Option<i64>, bool),
    MakeCustomer,
    Rename,
    DeleteCustomer,
    /// A seat for this address, perhaps at once.
    Seat(&'static str, bool),
    /// Whoever was invited accepts.
    Claim(&'static str),
    /// The newest seat is taken back.
    Unseat,
    /// Something is used.
    Use(i64),
    /// The buyer's bank has asked who they are, and this is how it went.
    Challenge(&'static str),
    /// The seller calls: method, path, body. `PRODUCT`, `BENEFIT` and `MADE` stand for the ids of what is on
    /// sale, what it grants, and what was made by such a call before.
    Ask(&'static str, &'static str, &'static str),
}

pub(crate) struct Story {
    pub(crate) stall: Stall,
    meter: Value,
    product: Value,
    checkout: Value,
    customer: Value,
    subscription: Value,
    seat: Value,
    made: Value,
    /// What acts want to move to is on sale from the beginning.
    others: Vec<(String, Value)>,
}

impl Story {
    pub(crate) async fn begin(plan: Plan, acts: &[Act]) -> Self {
        let mut story = Self {
            stall: Stall::open().await,
            meter: Value::Null,
            product: Value::Null,
            checkout: Value::Null,
            customer: Value::Null,
            subscription: Value::Null,
            seat: Value::Null,
            made: Value::Null,
            others: Vec::new(),
        };
        story.product = story.sell(plan).await;
        for act in acts {
            if let Act::Move(plan, _) | Act::Upgrade(plan) = act {
                let product = story.sell(*plan).await;
                story.others.push((format!("{plan:?}"), product));
            }
        }
        story
    }

    /// Puts a plan on sale, with a benefit of its own.
    async fn sell(&mut self, plan: Plan) -> Value {
        let stall = &self.stall;
        let tiers = json!([{"min_seats": 1, "max_seats": null, "price_per_seat": 1000}]);
        match plan {
            Plan::Once(amount) => stall.product_that_grants(amount, None, Value::Null).await,
            Plan::Monthly(amount) => {
                stall
                    .product_that_grants(amount, Some("month"), Value::Null)
                    .await
            }
            Plan::Yearly(amount) => {
                stall
                    .product_that_grants(amount, Some("year"), Value::Null)
                    .await
            }
            Plan::Trial(days) => {
                let trial = json!({"trial_interval": "day", "trial_interval_count": days});
                stall.product_that_grants(1000, Some("month"), trial).await
            }
            Plan::Seats => {
                let prices = json!({"prices": [{"amount_type": "seat_based", "seat_tiers": {"tiers": tiers}}]});
                stall.product_that_grants(1000, Some("month"), prices).await
            }
            Plan::Metered => {
                let filter = json!({"conjunction": "and", "clauses": [
                    {"property": "name", "operator": "eq", "value": "call"},
                ]});
                let meter =
                    json!({"name": "Calls", "filter": filter, "aggregation": {"func": "count"}});
                self.meter = stall.post("/v1/meters/", meter).await;
                let price = json!({"amount_type": "metered_unit", "meter_id": self.meter["id"], "unit_amount": "50"});
                let prices =
                    json!({"prices": [{"amount_type": "fixed", "price_amount": 1000}, price]});
                stall.product_that_grants(1000, Some("month"), prices).await
            }
        }
    }

    /// Plays an act to its end.
    pub(crate) async fn play(&mut self, act: Act) {
        if !self.buyer_plays(act).await {
            self.seller_plays(act).await;
        }
        self.stall.settle().await;
    }

    /// `false` when it is not the buyer's act, or time's.
    async fn buyer_plays(&mut self, act: Act) -> bool {
        match act {
            Act::Open => self.open(json!({})).await,
            Act::Confirm(card, answer) => self.confirm(card, answer).await,
            Act::Buy(card) => {
                self.open(json!({})).await;
                self.confirm(card, 200).await;
            }
            Act::Upgrade(plan) => {
                self.product = self.other(plan);
                self.open(json!({"subscription_id": self.subscription["id"]}))
                    .await;
                self.confirm("pm_card_visa", 200).await;
            }
            Act::Wait(span) => self.stall.advance(span).await,
            Act::Card(card) => {
                let body = json!({"confirmation_token_id": card, "set_default": true, "return_url": "https://example.com"});
                self.in_portal("customers/me/payment-methods", body).await;
            }
            Act::Pay(card) => {
                let path = format!("orders/{}/confirm-payment", id(&self.order().await));
                self.in_portal(&path, json!({"confirmation_token_id": card}))
                    .await;
            }
            Act::Claim(email) => {
                let letters = self.stall.get(&format!("/sandbox/mails?to={email}")).await;
                let body = json!({"invitation_token": letters["items"][0]["secret"]});
                self.stall.post("/v1/customer-seats/claim", body).await;
            }
            Act::Use(count) => {
                let event = json!({"name": "call", "customer_id": self.customer["id"]});
                let events = vec![event; usize::try_from(count).unwrap()];
                self.stall
                    .post("/v1/events/ingest", json!({"events": events}))
                    .await;
            }
            Act::Challenge(outcome) => {
                let path = format!("/sandbox/checkouts/{}/challenge", id(&self.checkout));
                let body = json!({"outcome": outcome});
                self.stall.sandbox.control(&path, body).await;
            }
            _ => return false,
        }
        true
    }

    async fn seller_plays(&mut self, act: Act) {
        match act {
            Act::Subscribe => {
                let body =
                    json!({"product_id": self.product["id"], "customer_id": self.customer["id"]});
                self.subscription = self.stall.post("/v1/subscriptions/", body).await;
            }
            Act::Patch(body) => self.patch(serde_json::from_str(body).unwrap()).await,
            Act::Move(plan, how) => {
                let body = json!({"product_id": self.other(plan)["id"], "proration_behavior": how});
                self.patch(body).await;
            }
            Act::Delete => {
                let path = format!("/v1/subscriptions/{}", id(&self.subscription));
                self.stall.call(Method::DELETE, &path, Value::Null).await;
            }
            Act::Refund(amount, revokes) => {
                let order = self.order().await;
                let all = order["refundable_amount"].as_i64();
                let body = json!({
                    "order_id": order["id"], "amount": amount.or(all),
                    "reason": "customer_request", "revoke_benefits": revokes,
                });
                self.stall.post("/v1/refunds/", body).await;
            }
            Act::MakeCustomer => {
                let body = json!({"email": EMAIL, "name": "Ada"});
                self.customer = self.stall.post("/v1/customers/", body).await;
            }
            Act::Rename => {
                let path = format!("/v1/customers/{}", id(&self.customer));
                self.stall.patch(&path, json!({"name": "Lovelace"})).await;
            }
            Act::DeleteCustomer => {
                let path = format!("/v1/customers/{}", id(&self.customer));
                self.stall.call(Method::DELETE, &path, Value::Null).await;
            }
            Act::Seat(email, at_once) => {
                let body = json!({
                    "subscription_id": self.subscription["id"], "email": email, "immediate_claim": at_once,
                });
                self.seat = self.stall.post("/v1/customer-seats", body).await;
            }
            Act::Unseat => {
                let path = format!("/v1/customer-seats/{}", id(&self.seat));
                self.stall.call(Method::DELETE, &path, Value::Null).await;
            }
            Act::Ask(method, path, body) => {
                let method = method.parse().unwrap();
                let (path, body) = (self.named(path), self.named(body));
                let body = serde_json::from_str(&body).unwrap();
                let made = self.stall.call(method, &path, body).await;
                self.made = if made["id"].is_string() {
                    made
                } else {
                    Value::Null
                };
            }
            other => panic!("{other:?} is not the seller's"),
        }
    }

    /// The text with ids for the words that stand for them.
    fn named(&self, text: &str) -> String {
        let ids = [
            ("PRODUCT", &self.product["id"]),
            ("BENEFIT", &self.product["benefits"][0]["id"]),
            ("MADE", &self.made["id"]),
        ];
        ids.into_iter().fold(text.to_owned(), |text, (word, id)| {
            text.replace(word, id.as_str().unwrap_or_default())
        })
    }

    async fn open(&mut self, extra: Value) {
        let mut body = json!({"products": [self.product["id"]]});
        for (name, value) in extra.as_object().unwrap() {
            body[name] = value.clone();
        }
        if self.customer.is_object() {
            body["customer_id"] = self.customer["id"].clone();
        } else {
            body["customer_email"] = EMAIL.into();
        }
        body["customer_billing_name"] = "Ada Lovelace".into();
        body["customer_billing_address"] = json!({"country": "AT"});
        if self.product["prices"][0]["amount_type"] == "seat_based" {
            body["seats"] = 3.into();
        }
        self.checkout = self.stall.post("/v1/checkouts/", body).await;
        self.stall.settle().await;
    }

    async fn confirm(&mut self, card: &str, answer: u16) {
        let (status, said) = self.stall.confirm(&self.checkout, card).await;
        assert_eq!(status, answer, "{said}");
        self.stall.settle().await;
        let path = format!("/v1/checkouts/{}", id(&self.checkout));
        self.checkout = self.stall.get(&path).await;
        if let Some(customer) = self.checkout["customer_id"].as_str() {
            self.customer = self.stall.get(&format!("/v1/customers/{customer}")).await;
        }
        if self.checkout["subscription_id"].is_string() {
            self.subscription = self.stall.subscription(&self.checkout).await;
        }
    }

    async fn patch(&self, body: Value) {
        let path = format!("/v1/subscriptions/{}", id(&self.subscription));
        self.stall.patch(&path, body).await;
    }

    async fn in_portal(&self, path: &str, body: Value) {
        let body_of_session = json!({"customer_id": self.customer["id"]});
        let session = self
            .stall
            .post("/v1/customer-sessions/", body_of_session)
            .await;
        let request = self
            .stall
            .sandbox
            .request(Method::POST, &format!("{PORTAL}/{path}"));
        let request = request
            .bearer_auth(session["token"].as_str().unwrap())
            .json(&body);
        let status = request.send().await.unwrap().status().as_u16();
        assert!((200..300).contains(&status), "{path}: {status}");
    }

    async fn order(&self) -> Value {
        self.stall.items("/v1/orders/?sorting=-created_at").await[0].clone()
    }

    fn other(&self, plan: Plan) -> Value {
        let name = format!("{plan:?}");
        let (_, product) = self
            .others
            .iter()
            .find(|(known, _)| *known == name)
            .unwrap();
        product.clone()
    }
}
