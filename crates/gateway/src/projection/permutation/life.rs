//! A random life in the sandbox, recorded as its webhooks come.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use polarkit::Polar;
use polarkit::model::{WebhookEventType, WebhookFormat};
use polarkit_model::Clock;
use polarkit_sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::checkout::Purchase;
use crate::inbox::news::News;

/// Steps of one life.
const STEPS: u32 = 14;
/// How long a paid checkout is believed: so long that some are still when all is told, had nothing
/// better spoken for them.
const BELIEVED: SignedDuration = SignedDuration::from_hours(24 * 60);

/// What a life told, and what Polar states in its end.
#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) seed: u64,
    pub(super) bodies: Vec<Vec<u8>>,
    /// The subscriptions that are active and the grants that are granted.
    pub(super) stated: BTreeSet<String>,
}

impl Recorded {
    /// What it told, read.
    pub(super) fn told(&self) -> impl Iterator<Item = News> {
        self.bodies.iter().map(|body| News::read(body).unwrap())
    }

    /// The checkouts that were paid, as a return page would have found them.
    pub(super) fn paid(&self) -> impl Iterator<Item = News> {
        let bodies = self.bodies.iter();
        let events = bodies.map(|body| serde_json::from_slice::<Value>(body).unwrap());
        events.filter_map(|event| {
            let data = &event["data"];
            (event["type"] == "checkout.updated" && data["status"] == "succeeded").then(|| {
                let at: Timestamp = text(data, "modified_at").parse().unwrap();
                let purchase = Purchase {
                    checkout: text(data, "id"),
                    customer: text(data, "customer_id"),
                    product: text(data, "product_id"),
                    recurring: data["product"]["is_recurring"] == true,
                    changed_at: at.as_microsecond(),
                    read_at: at.as_microsecond(),
                };
                News {
                    kind: String::new(),
                    objects: vec![purchase.object(BELIEVED)],
                    checkout: None,
                    checkout_is_over: false,
                }
            })
        })
    }

    pub(super) fn kinds(&self) -> impl Iterator<Item = &str> {
        self.bodies.iter().filter_map(|body| {
            let text = std::str::from_utf8(body).ok()?;
            text.strip_prefix(r#"{"type":""#)?.split('"').next()
        })
    }
}

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::constant(1_800_000_000, 0)
    }
}

type Heard = Arc<Mutex<Vec<Vec<u8>>>>;

/// Lives a life and records it.
pub(super) async fn lived(seed: u64) -> Recorded {
    drop(rustls::crypto::ring::default_provider().install_default());
    let stop = CancellationToken::new();
    let options = Options {
        listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        seed,
        clock: Arc::new(Still),
        public_url: None,
        data: None,
    };
    let sandbox = Sandbox::start(options, stop.clone()).await.unwrap();
    let polar = Polar::builder()
        .server(polarkit::Server::At(format!(
            "http://{}",
            sandbox.address()
        )))
        .token(sandbox.credentials().unwrap().access_token.as_str())
        .build()
        .unwrap();
    let heard = Heard::default();
    let tasks = TaskTracker::new();
    let address = receiver(&tasks, Arc::clone(&heard), stop.clone()).await;
    let events = WebhookEventType::KNOWN.to_vec();
    let endpoint = polar
        .webhooks()
        .create_endpoint(address, WebhookFormat::Raw, events);
    endpoint.await.unwrap();
    let mut life = Life {
        polar,
        sandbox,
        chance: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1),
        buyers: 0,
    };
    life.open_shop().await;
    for step in 0..STEPS {
        life.step(step).await;
        life.sandbox.settle().await.unwrap();
    }
    let stated = life.stated().await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    let bodies = heard.lock().unwrap().clone();
    Recorded {
        seed,
        bodies,
        stated,
    }
}

async fn receiver(tasks: &TaskTracker, heard: Heard, stop: CancellationToken) -> String {
    let take = async |State(heard): State<Heard>, body: Bytes| {
        heard.lock().unwrap().push(body.to_vec());
    };
    let app = Router::new().route("/", post(take)).with_state(heard);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let served = axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned());
    tasks.spawn(served.into_future());
    url
}

struct Life {
    polar: Polar,
    sandbox: Sandbox,
    chance: u64,
    buyers: u32,
}

impl Life {
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

    async fn list(&self, path: &str) -> Vec<Value> {
        let answer = self.polar.raw(path).query("limit", 100).await.unwrap();
        answer["items"].as_array().unwrap().clone()
    }

    /// A product sold by seats, beside what the sandbox sells anyway.
    async fn open_shop(&self) {
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

    async fn step(&mut self, step: u32) {
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

    async fn stated(&self) -> BTreeSet<String> {
        let mut stated = BTreeSet::new();
        for customer in self.list("/v1/customers/").await {
            let path = format!("/v1/customers/{}/state", text(&customer, "id"));
            let state = self.polar.raw(&path).await.unwrap();
            for (list, source) in [
                ("active_subscriptions", "subscription"),
                ("granted_benefits", "grant"),
            ] {
                let rows = state[list].as_array().unwrap().iter();
                stated.extend(rows.map(|row| format!("{source}:{}", text(row, "id"))));
            }
        }
        stated
    }
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap().to_owned()
}
