//! A random life in the sandbox: what buyers, sellers and time do. Stories outside this crate's
//! source live it as well.

use http::Method;
use jiff::SignedDuration;
use polarkit::Polar;
use polarkit_sandbox::Sandbox;
use serde_json::{Value, json};

/// Somebody's shop at Polar, and what happens in it by chance.
pub(crate) struct Life {
    polar: Polar,
    sandbox: Sandbox,
    chance: u64,
    buyers: u32,
}

impl Life {
    pub(crate) fn new(polar: Polar, sandbox: Sandbox, seed: u64) -> Self {
        Self {
            polar,
            sandbox,
            chance: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1),
            buyers: 0,
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        usize::try_from(self.chance % u64::try_from(bound).unwrap()).unwrap()
    }

    /// A call that the state of things may refuse.
    async fn attempt(&self, method: Method, path: &str, body: &Value) -> Option<Value> {
        let call = self.polar.raw(path).method(method).json(body);
        call.await.ok()
    }

    pub(crate) async fn list(&self, path: &str) -> Vec<Value> {
        let answer = self.polar.raw(path).query("limit", 100).await.unwrap();
        answer["items"].as_array().unwrap().clone()
    }

    /// Products sold by seats, monthly and once, beside what the sandbox sells anyway.
    pub(crate) async fn open_shop(&self) {
        let benefit = json!({"type": "feature_flag", "description": "Team", "properties": {}});
        let benefit = self.attempt(Method::POST, "/v1/benefits/", &benefit).await;
        let benefit = text(&benefit.unwrap(), "id");
        let tiers = json!([{"min_seats": 1, "max_seats": null, "price_per_seat": 1000}]);
        for (name, interval) in [("Team", Some("month")), ("Crew", None)] {
            let product = json!({
                "name": name, "recurring_interval": interval,
                "prices": [{
                    "amount_type": "seat_based", "price_currency": "usd",
                    "seat_tiers": {"tiers": tiers},
                }],
            });
            let product = self.attempt(Method::POST, "/v1/products/", &product).await;
            let path = format!("/v1/products/{}/benefits", text(&product.unwrap(), "id"));
            let benefits = json!({"benefits": [benefit]});
            self.attempt(Method::POST, &path, &benefits).await.unwrap();
        }
    }

    pub(crate) async fn step(&mut self, step: u32) {
        match (step, self.below(14)) {
            (0..2, _) | (_, 0..2) => self.buy().await,
            (_, 2) => self.refund().await,
            (_, 3 | 12 | 13) => self.seat().await,
            (_, 4) => self.change(&json!({"cancel_at_period_end": true})).await,
            (_, 5) => self.change(&json!({"cancel_at_period_end": false})).await,
            (_, 6) => self.change(&json!({"pause_at_period_end": true})).await,
            (_, 7) => self.change(&json!({"resume": true})).await,
            (_, 8) => self.change(&json!({"revoke": true})).await,
            _ => {
                let days = i64::try_from(3 + self.below(30)).unwrap();
                let time = SignedDuration::from_hours(24 * days);
                self.sandbox.advance(time).await.unwrap();
            }
        }
    }

    async fn buy(&mut self) {
        let products = self.list("/v1/products/").await;
        let product = &products[self.below(products.len())];
        let seats = product["name"] == "Team" || product["name"] == "Crew";
        // Every other card works once and fails ever after.
        let card = ["pm_card_visa", "pm_card_chargeCustomerFail"][self.below(2)];
        self.buyers += 1;
        let mut ask = json!({
            "products": [product["id"]],
            "external_customer_id": format!("u_{}", self.buyers),
            "customer_email": format!("u_{}@example.com", self.buyers),
            "customer_name": "Jane Doe",
            "customer_billing_address": {
                "line1": "1 Main St", "postal_code": "94104", "city": "San Francisco",
                "state": "US-CA", "country": "US",
            },
        });
        if seats {
            ask["seats"] = json!(3);
        }
        let created = self.attempt(Method::POST, "/v1/checkouts/", &ask).await;
        let created = created.unwrap();
        let path = format!(
            "/v1/checkouts/client/{}/confirm",
            text(&created, "client_secret")
        );
        let mut confirmed = json!({"customer_name": "Jane Doe"});
        if created["is_payment_form_required"] == true {
            confirmed["confirmation_token_id"] = json!(card);
        }
        self.attempt(Method::POST, &path, &confirmed).await.unwrap();
    }

    async fn change(&mut self, change: &Value) {
        let all = self.list("/v1/subscriptions/").await;
        if all.is_empty() {
            return;
        }
        let one = &all[self.below(all.len())];
        let path = format!("/v1/subscriptions/{}", text(one, "id"));
        self.attempt(Method::PATCH, &path, change).await;
    }

    async fn refund(&mut self) {
        let all = self.list("/v1/orders/").await;
        if all.is_empty() {
            return;
        }
        let order = &all[self.below(all.len())];
        let left = order["refundable_amount"].as_i64().unwrap_or_default();
        let part = [1, 2][self.below(2)];
        let refund = json!({
            "order_id": order["id"], "reason": "customer_request", "amount": left / part,
        });
        self.attempt(Method::POST, "/v1/refunds/", &refund).await;
    }

    /// Somebody is invited, sits down at once, takes up an invitation or loses a seat; what one lost,
    /// the next one gets.
    async fn seat(&mut self) {
        let bought = self.sold_by_seats().await;
        let seats = self.seats().await;
        for _ in 0..3 {
            match self.below(4) {
                0 => self.claim().await,
                1 if !seats.is_empty() => {
                    let (_, seat) = &seats[self.below(seats.len())];
                    let path = format!("/v1/customer-seats/{}", text(seat, "id"));
                    self.attempt(Method::DELETE, &path, &Value::Null).await;
                }
                at_once if !bought.is_empty() => {
                    let (field, one) = &bought[self.below(bought.len())];
                    let mut seat = json!({
                        "immediate_claim": at_once == 2,
                        "email": format!("m_{}@example.com", self.below(1000)),
                    });
                    seat[*field] = one["id"].clone();
                    let path = "/v1/customer-seats";
                    self.attempt(Method::POST, path, &seat).await;
                }
                _ => {}
            }
        }
    }

    /// Who was invited last takes it up.
    async fn claim(&self) {
        let mails = self.polar.raw("/sandbox/mails").await.unwrap();
        let mut mails = mails["items"].as_array().unwrap().iter();
        let invitation = mails.find(|mail| mail["subject"] == "You are invited to claim a seat");
        if let Some(mail) = invitation {
            let claim = json!({"invitation_token": mail["secret"]});
            self.attempt(Method::POST, "/v1/customer-seats/claim", &claim)
                .await;
        }
    }

    /// What was sold by seats, with what a seat calls it.
    async fn sold_by_seats(&self) -> Vec<(&'static str, Value)> {
        let subscriptions = self.list("/v1/subscriptions/").await.into_iter();
        let orders = self.list("/v1/orders/").await.into_iter();
        let orders = orders.filter(|one| one["subscription_id"].is_null());
        let all = subscriptions.map(|one| ("subscription_id", one));
        let all = all.chain(orders.map(|one| ("order_id", one)));
        all.filter(|(_, one)| one["seats"].is_number()).collect()
    }

    /// Every seat, with what it was bought with.
    pub(crate) async fn seats(&self) -> Vec<(Value, Value)> {
        let mut all = Vec::new();
        for (field, bought) in self.sold_by_seats().await {
            let call = self.polar.raw("/v1/customer-seats");
            let answer = call.query(field, text(&bought, "id")).await.unwrap();
            let seats = answer["seats"].as_array().unwrap().iter();
            all.extend(seats.map(|seat| (bought.clone(), seat.clone())));
        }
        all
    }
}

pub(crate) fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap().to_owned()
}
