//! A seller's stall in a sandbox: products, buyers with test cards, and an ear for every webhook.

use reqwest::Method;
use serde_json::{Value, json};

use crate::receiver::{Arrived, Receiver};
use crate::running::{Running, read};

/// Everything there is to hear.
const EVENTS: &[&str] = &[
    "benefit.created",
    "benefit.updated",
    "benefit_grant.created",
    "benefit_grant.cycled",
    "benefit_grant.revoked",
    "benefit_grant.updated",
    "checkout.created",
    "checkout.expired",
    "checkout.updated",
    "customer.created",
    "customer.deleted",
    "customer.state_changed",
    "customer.updated",
    "customer_seat.assigned",
    "customer_seat.claimed",
    "customer_seat.revoked",
    "discount.created",
    "discount.deleted",
    "discount.updated",
    "member.created",
    "member.deleted",
    "member.updated",
    "order.created",
    "order.paid",
    "order.refunded",
    "order.updated",
    "organization.updated",
    "product.created",
    "product.updated",
    "refund.created",
    "refund.updated",
    "subscription.active",
    "subscription.canceled",
    "subscription.created",
    "subscription.cycled",
    "subscription.past_due",
    "subscription.paused",
    "subscription.resumed",
    "subscription.revoked",
    "subscription.uncanceled",
    "subscription.updated",
];

pub(crate) struct Stall {
    pub(crate) sandbox: Running,
    pub(crate) receiver: Receiver,
}

impl Stall {
    pub(crate) async fn open() -> Self {
        let (sandbox, receiver) = (Running::start().await, Receiver::start().await);
        let stall = Self { sandbox, receiver };
        let body = json!({"url": stall.receiver.url, "format": "raw", "events": EVENTS});
        stall.post("/v1/webhooks/endpoints", body).await;
        stall
    }

    /// Calls as the seller and expects success.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.sandbox.call(method.clone(), path, body).await;
        assert!(
            (200..300).contains(&status),
            "{method} {path}: {status} {answer}"
        );
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.call(Method::POST, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Value {
        self.call(Method::PATCH, path, body).await
    }

    /// Calls as a buyer, who needs no token. Gives status and body.
    pub(crate) async fn buyer(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let mut request = self.sandbox.request(method, path);
        if !body.is_null() {
            request = request.json(&body);
        }
        read(request).await
    }

    pub(crate) async fn items(&self, path: &str) -> Vec<Value> {
        self.get(path).await["items"].as_array().unwrap().clone()
    }

    /// A product at this price, bought once or `month`ly, with more fields in `extra`.
    pub(crate) async fn product(&self, amount: i64, interval: Option<&str>, extra: Value) -> Value {
        let price =
            json!({"amount_type": "fixed", "price_amount": amount, "price_currency": "usd"});
        let mut body = json!({"name": format!("Thing at {amount}"), "prices": [price]});
        if let Some(interval) = interval {
            body["recurring_interval"] = interval.into();
        }
        for (name, value) in extra.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        self.post("/v1/products/", body).await
    }

    /// A product that grants a benefit.
    pub(crate) async fn product_with_benefit(&self, amount: i64, interval: Option<&str>) -> Value {
        self.product_that_grants(amount, interval, Value::Null)
            .await
    }

    /// The same, with more fields in `extra`.
    pub(crate) async fn product_that_grants(
        &self,
        amount: i64,
        interval: Option<&str>,
        extra: Value,
    ) -> Value {
        let body = json!({"type": "custom", "description": "Thanks", "properties": {"note": "Hi"}});
        let benefit = self.post("/v1/benefits/", body).await;
        let product = self.product(amount, interval, extra).await;
        let path = format!("/v1/products/{}/benefits", id(&product));
        self.post(&path, json!({"benefits": [benefit["id"]]})).await
    }

    /// An open checkout of the product, the buyer's e-mail and address filled in.
    pub(crate) async fn checkout(&self, product: &Value, email: &str, extra: Value) -> Value {
        let mut body = json!({"products": [product["id"]]});
        for (name, value) in extra.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let checkout = self.post("/v1/checkouts/", body).await;
        let body = json!({
            "customer_email": email,
            "customer_billing_address": {
                "country": "US", "line1": "1 Main St", "postal_code": "94104",
                "city": "San Francisco", "state": "US-CA",
            },
        });
        let (status, answer) = self
            .buyer(Method::PATCH, &client(&checkout, ""), body)
            .await;
        assert_eq!(status, 200, "{answer}");
        checkout
    }

    /// The buyer presses "pay". Gives status and body.
    pub(crate) async fn confirm(&self, checkout: &Value, card: &str) -> (u16, Value) {
        let body = json!({"customer_name": "Jane Doe", "confirmation_token_id": card});
        self.buyer(Method::POST, &client(checkout, "/confirm"), body)
            .await
    }

    /// A finished purchase: the checkout as it is in the end.
    pub(crate) async fn buy(
        &self,
        product: &Value,
        email: &str,
        card: &str,
        extra: Value,
    ) -> Value {
        let checkout = self.checkout(product, email, extra).await;
        let (status, answer) = self.confirm(&checkout, card).await;
        assert_eq!(status, 200, "{answer}");
        self.settle().await;
        let checkout = self.get(&format!("/v1/checkouts/{}", id(&checkout))).await;
        assert_eq!(checkout["status"], "succeeded");
        checkout
    }

    /// The subscription that a checkout began.
    pub(crate) async fn subscription(&self, checkout: &Value) -> Value {
        let path = format!(
            "/v1/subscriptions/{}",
            checkout["subscription_id"].as_str().unwrap()
        );
        self.get(&path).await
    }

    /// The orders of a subscription, oldest first.
    pub(crate) async fn orders(&self, subscription: &Value) -> Vec<Value> {
        let path = format!(
            "/v1/orders/?subscription_id={}&sorting=created_at&limit=100",
            id(subscription)
        );
        self.items(&path).await
    }

    /// Polar's staff does something about the organization.
    pub(crate) async fn staff(&self, what: &str, body: Value) {
        let organization = &self.sandbox.credentials.organization_id;
        let path = format!("/sandbox/organizations/{organization}/{what}");
        self.sandbox.control(&path, body).await;
    }

    /// An order that was paid with this card: a product bought once, with a benefit.
    pub(crate) async fn sold(&self, amount: i64, card: &str) -> Value {
        let product = self.product_with_benefit(amount, None).await;
        let email = format!("buyer{amount}@example.com");
        let checkout = self.buy(&product, &email, card, Value::Null).await;
        let path = format!("/v1/orders/?checkout_id={}", id(&checkout));
        self.items(&path).await[0].clone()
    }

    /// The order as it is now.
    pub(crate) async fn again(&self, order: &Value) -> Value {
        self.get(&format!("/v1/orders/{}", id(order))).await
    }

    /// Asks for money back. Gives status and body.
    pub(crate) async fn refund(&self, order: &Value, amount: i64, more: Value) -> (u16, Value) {
        let mut body = json!({"order_id": order["id"], "reason": "other", "amount": amount});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        self.sandbox.call(Method::POST, "/v1/refunds/", body).await
    }

    pub(crate) async fn settle(&self) {
        self.sandbox.control("/sandbox/settle", Value::Null).await;
    }

    /// Lets time pass and everything due happen.
    pub(crate) async fn advance(&self, span: &str) {
        self.sandbox
            .control("/sandbox/clock", json!({"advance": span}))
            .await;
        self.settle().await;
    }

    /// What has been announced so far, in the order in which it happened: type and data.
    pub(crate) async fn announced(&self) -> Vec<(String, Value)> {
        self.settle().await;
        let mut bodies: Vec<_> = self.receiver.arrived().iter().map(Arrived::json).collect();
        bodies.sort_by_key(|body| moment(&body["timestamp"]));
        bodies
            .into_iter()
            .map(|body| {
                (
                    body["type"].as_str().unwrap().to_owned(),
                    body["data"].clone(),
                )
            })
            .collect()
    }

    /// The types of what was announced after the first `seen` announcements.
    pub(crate) async fn types_after(&self, seen: usize) -> Vec<String> {
        let announced = self.announced().await;
        announced
            .into_iter()
            .skip(seen)
            .map(|(kind, _)| kind)
            .collect()
    }
}

pub(crate) fn id(row: &Value) -> &str {
    row["id"].as_str().unwrap()
}

pub(crate) fn moment(value: &Value) -> jiff::Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

pub(crate) fn client(checkout: &Value, rest: &str) -> String {
    let secret = checkout["client_secret"].as_str().unwrap();
    format!("/v1/checkouts/client/{secret}{rest}")
}
