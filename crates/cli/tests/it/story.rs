//! A customer's whole life with real processes, told through HTTP alone: bought, renewed, cancelled, gone.

use serde_json::{Value, json};

use crate::http::Api;
use crate::patience::eventually;
use crate::process::{Running, folder};

const CUSTOMER: &str = "user_42";

/// The gateway as an app calls it, and Polar as its dashboard and the buyer's browser do.
struct Town {
    gateway: Api,
    polar: Api,
    public: Api,
}

#[tokio::test]
async fn a_customer_buys_uses_renews_cancels_and_leaves() {
    let folder = folder();
    let dev = Running::start(&folder, &["dev", "--port", "0", "--sandbox-port", "0"], &[]).await;
    let town = Town::of(&dev).await;

    let plan = town.product("Pro").await;
    town.buy(&plan).await;
    town.settle().await;
    town.access_becomes(true, &plan).await;

    let key = town.licence_key().await;
    let asked = json!({"license_key": key});
    let valid = town.gateway.post("/api/license/validate", asked).await.ok();
    assert_eq!(valid["status"], "granted", "{valid}");

    town.spend().await;

    town.skip_a_month().await;
    town.access_becomes(true, &plan).await;
    town.orders_become(2).await;

    let subscription = town.subscription().await;
    let ending = json!({"cancel_at_period_end": true});
    town.polar
        .patch(&format!("/v1/subscriptions/{subscription}"), ending)
        .await
        .ok();
    town.settle().await;
    town.access_becomes(true, &plan).await;

    town.skip_a_month().await;
    town.access_becomes(false, &plan).await;
    let asked = json!({"license_key": key});
    let gone = town.gateway.post("/api/license/validate", asked).await;
    assert_eq!(gone.status, 400, "{}", gone.body);
}

impl Town {
    async fn of(dev: &Running) -> Self {
        let public = Api::new(dev.sandbox(), None);
        let credentials = public.get("/sandbox/credentials").await.ok();
        Self {
            gateway: Api::new(dev.gateway(), dev.ready.api_key.as_deref()),
            polar: Api::new(dev.sandbox(), credentials["access_token"].as_str()),
            public,
        }
    }

    async fn product(&self, name: &str) -> Value {
        let listed = self.polar.get("/v1/products/?limit=100").await.ok();
        let items = listed["items"].as_array().unwrap();
        let found = items.iter().find(|product| product["name"] == name);
        found
            .unwrap_or_else(|| panic!("no {name} in {listed}"))
            .clone()
    }

    async fn buy(&self, product: &Value) {
        let order = json!({"product_id": product["id"], "customer_external_id": CUSTOMER});
        let made = self.gateway.post("/api/checkout/create", order).await.ok();
        assert_eq!(made["status"], "created", "{made}");
        let url = made["checkout_url"].as_str().unwrap();
        let client = format!("/v1/checkouts/client/{}", url.rsplit('/').next().unwrap());
        let buyer = json!({"customer_email": "ada@example.com", "customer_billing_address": {"country": "AT"}});
        self.public.patch(&client, buyer).await.ok();
        let card = json!({"customer_name": "Ada", "confirmation_token_id": "pm_card_visa"});
        self.public
            .post(&format!("{client}/confirm"), card)
            .await
            .ok();
    }

    async fn settle(&self) {
        self.public.post("/sandbox/settle", json!({})).await.ok();
    }

    async fn skip_a_month(&self) {
        self.public
            .post("/sandbox/clock", json!({"advance": "P32D"}))
            .await
            .ok();
        self.settle().await;
    }

    async fn access_becomes(&self, granted: bool, plan: &Value) {
        let path = format!(
            "/api/entitlements/{CUSTOMER}/check?product={}",
            plan["id"].as_str().unwrap()
        );
        eventually(&format!("access = {granted}"), async || {
            let answer = self.gateway.get(&path).await;
            (answer.body["allowed"] == granted).then_some(())
        })
        .await;
    }

    async fn customer(&self) -> Value {
        self.gateway
            .get(&format!("/api/customers/{CUSTOMER}"))
            .await
            .ok()
    }

    /// The key itself is Polar's to tell; the gateway only mirrors which one it is.
    async fn licence_key(&self) -> String {
        let id = eventually("a licence key", async || {
            let customer = self.customer().await;
            customer["license_keys"][0]["id"]
                .as_str()
                .map(str::to_owned)
        })
        .await;
        let key = self.polar.get(&format!("/v1/license-keys/{id}")).await.ok();
        key["key"].as_str().unwrap().to_owned()
    }

    async fn subscription(&self) -> String {
        let customer = self.customer().await;
        customer["subscriptions"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    async fn orders_become(&self, count: usize) {
        eventually(&format!("{count} orders"), async || {
            let orders = self.customer().await["orders"].as_array().map(Vec::len);
            (orders == Some(count)).then_some(())
        })
        .await;
    }

    async fn spend(&self) {
        let event =
            json!({"external_customer_id": CUSTOMER, "name": "api_call", "metadata": {"units": 7}});
        let accepted = self.gateway.post("/api/usage/track", event).await;
        assert_eq!(accepted.status, 202, "{}", accepted.body);
        eventually("the event at Polar", async || {
            let events = self
                .polar
                .get(&format!(
                    "/v1/events/?external_customer_id={CUSTOMER}&name=api_call"
                ))
                .await;
            (events.body["pagination"]["total_count"] == 1).then_some(())
        })
        .await;
    }
}
