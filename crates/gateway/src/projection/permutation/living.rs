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

    /// A product sold by seats, beside what the sandbox sells anyway.
    pub(crate) async fn open_shop(&self) {
        let benefit = json!({"type": "feature_flag", "description": "Team", "properties": {}});
        let benefit = self.attempt(Method::POST, "/v1/benefits/", &benefit).await;
        let tiers = json!([{"min_seats": 1, "max_seats": null, "price_per_seat": 1000}]);
        let product = json!({
            "name": "Team", "recurring_interval": "month",
            "prices": [{
                "amount_type": "seat_based", "price_currency": "usd",
                "seat_tiers": {"tiers": tiers},
            }],
        });
        let product = self.attempt(Method::POST, "/v1/products/", &product).await;
        let path = format!("/v1/products/{}/benefits", text(&product.unwrap(), "id"));
        let benefits = json!({"benefits": [text(&benefit.unwrap(), "id")]});
        self.attempt(Method::POST, &path, &benefits).await.unwrap();
    }

    pub(crate) async fn step(&mut self, step: u32) {
        match (step, self.below(12)) {
            (0..2, _) | (_, 0..2) => self.buy().await,
            (_, 2) => self.refund().await,
            (_, 3) => self.seat().await,
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
        let seats = product["name"] == "Team";
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

    async fn seat(&mut self) {
        let all = self.list("/v1/subscriptions/").await;
        let seated = all.iter().find(|one| one["seats"].is_number());
        let Some(subscription) = seated else {
            return;
        };
        let seat = json!({
            "subscription_id": subscription["id"], "immediate_claim": true,
            "email": format!("m_{}@example.com", self.below(1000)),
        });
        self.attempt(Method::POST, "/v1/customer-seats", &seat)
            .await;
    }
}

pub(crate) fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap().to_owned()
}
