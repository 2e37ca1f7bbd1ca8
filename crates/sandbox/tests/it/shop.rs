//! A seller and their buyers, in a few words.

use reqwest::Method;
use serde_json::{Value, json};

use crate::running::{Running, read};

/// A sandbox to sell in.
pub(crate) struct Shop {
    pub(crate) sandbox: Running,
}

/// A paid purchase.
pub(crate) struct Purchase {
    pub(crate) customer: String,
    pub(crate) checkout: String,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let sandbox = Running::start().await;
        Self { sandbox }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.done(Method::GET, path, Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.done(Method::POST, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Value {
        self.done(Method::PATCH, path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Value {
        self.done(Method::DELETE, path, Value::Null).await
    }

    /// The rows of a list.
    pub(crate) async fn items(&self, path: &str) -> Vec<Value> {
        self.get(path).await["items"].as_array().unwrap().clone()
    }

    async fn done(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.sandbox.call(method, path, body).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    /// Calls with another token, or none. Gives status and body.
    pub(crate) async fn as_(
        &self,
        token: Option<&str>,
        method: Method,
        path: &str,
        body: Value,
    ) -> (u16, Value) {
        let mut request = self.sandbox.request(method, path);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        read(request).await
    }

    pub(crate) async fn settle(&self) {
        self.sandbox.control("/sandbox/settle", Value::Null).await;
    }

    pub(crate) async fn skip(&self, duration: &str) {
        let body = json!({"advance": duration});
        self.sandbox.control("/sandbox/clock", body).await;
        self.settle().await;
    }

    /// A benefit; gives its id.
    pub(crate) async fn benefit(&self, kind: &str, properties: Value) -> String {
        let body = json!({"type": kind, "description": "A benefit", "properties": properties});
        id(&self.post("/v1/benefits/", body).await)
    }

    /// A meter that sums `n` of the events called `name`; gives its id.
    pub(crate) async fn meter(&self, name: &str) -> String {
        let clause = json!({"property": "name", "operator": "eq", "value": name});
        let body = json!({
            "name": "Units",
            "filter": {"conjunction": "and", "clauses": [clause]},
            "aggregation": {"func": "sum", "property": "n"},
        });
        id(&self.post("/v1/meters/", body).await)
    }

    /// A product; gives its id.
    pub(crate) async fn product(
        &self,
        prices: Value,
        interval: Option<&str>,
        benefits: &[&str],
    ) -> String {
        let body = json!({"name": "A product", "prices": prices, "recurring_interval": interval});
        let product = id(&self.post("/v1/products/", body).await);
        let body = json!({"benefits": benefits});
        self.post(&format!("/v1/products/{product}/benefits"), body)
            .await;
        product
    }

    /// A product that costs nothing; gives its id.
    pub(crate) async fn free(&self, interval: Option<&str>, benefits: &[&str]) -> String {
        let free = json!([{"amount_type": "fixed", "price_amount": 0, "price_currency": "usd"}]);
        self.product(free, interval, benefits).await
    }

    /// Somebody buys the product and pays by card where they must.
    pub(crate) async fn buy(&self, product: &str, more: Value) -> Purchase {
        self.buy_with("pm_card_visa", product, more).await
    }

    /// Somebody buys the product with a card that behaves as its name says.
    pub(crate) async fn buy_with(&self, card: &str, product: &str, more: Value) -> Purchase {
        let mut body = json!({"products": [product], "customer_email": "ada@example.com"});
        let fields = body.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        let checkout = self.post("/v1/checkouts/", body).await;
        let secret = checkout["client_secret"].as_str().unwrap();
        let mut buyer = json!({
            "customer_name": "Ada",
            "customer_billing_address": {"country": "AT"},
        });
        if checkout["is_payment_form_required"] == true {
            buyer["confirmation_token_id"] = card.into();
        }
        let path = format!("/v1/checkouts/client/{secret}/confirm");
        let (status, confirmed) = self.as_(None, Method::POST, &path, buyer).await;
        assert_eq!(status, 200, "{confirmed}");
        self.settle().await;
        Purchase {
            customer: confirmed["customer_id"].as_str().unwrap().to_owned(),
            checkout: id(&confirmed),
        }
    }

    /// The subscription that a purchase began.
    pub(crate) async fn subscription(&self, purchase: &Purchase) -> String {
        let path = format!("/v1/subscriptions/?customer_id={}", purchase.customer);
        let rows = self.items(&path).await;
        let made = |row: &&Value| row["checkout_id"] == purchase.checkout;
        id(rows.iter().find(made).unwrap())
    }

    /// The kinds of benefit that a customer has now.
    pub(crate) async fn granted(&self, customer: &str) -> Vec<String> {
        let path = format!("/v1/customers/{customer}/state");
        let state = self.get(&path).await;
        let grants = state["granted_benefits"].as_array().unwrap();
        let kind = |row: &Value| row["benefit_type"].as_str().unwrap().to_owned();
        grants.iter().map(kind).collect()
    }

    /// A token for the portal.
    pub(crate) async fn session(&self, body: Value) -> String {
        let session = self.post("/v1/customer-sessions/", body).await;
        session["token"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn id(row: &Value) -> String {
    row["id"].as_str().unwrap().to_owned()
}
