//! Events as Polar sends them, built by hand, signed like the real ones.

use jiff::{SignedDuration, Timestamp};
use polarkit::webhooks::{Scheme, sign};
use polarkit_model::Clock as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::world::{SECRET, World};

pub(crate) const CUSTOMER: &str = "551a7b94-19dc-4f7c-bde5-4da1f998ad4b";
pub(crate) const PRODUCT: &str = "b5b1201d-6690-470d-9765-539b764d69e1";
pub(crate) const SUBSCRIPTION: &str = "307d021a-4547-465c-a1ab-01c09b04a756";
pub(crate) const BENEFIT: &str = "b58834ca-924b-4a89-b27a-188c0ea7ce2e";
pub(crate) const GRANT: &str = "20349a0a-d763-440c-86a7-9ca10507d795";
pub(crate) const ORDER: &str = "6e31491f-bc5a-44a2-9a43-0ed166dedc6d";

/// An instant in the lifetime of these objects.
pub(crate) fn at(seconds: i64) -> String {
    let start = Timestamp::constant(1_799_990_000, 0);
    start
        .checked_add(SignedDuration::from_secs(seconds))
        .unwrap()
        .to_string()
}

pub(crate) fn customer() -> Value {
    json!({
        "id": CUSTOMER, "created_at": at(0), "modified_at": null, "external_id": "u_1",
        "email": "jane@example.com", "name": "Jane Doe", "type": "individual", "metadata": {},
        "organization_id": "c6495e21-0a64-412c-aa1c-7534a3e952d7", "deleted_at": null,
    })
}

/// A subscription as of `modified`, in this status.
pub(crate) fn subscription(status: &str, modified: i64) -> Value {
    json!({
        "id": SUBSCRIPTION, "created_at": at(1), "modified_at": at(modified), "status": status,
        "amount": 1200, "currency": "usd", "recurring_interval": "month",
        "customer_id": CUSTOMER, "product_id": PRODUCT, "cancel_at_period_end": false,
        "current_period_end": at(2_592_000), "ends_at": null, "ended_at": null,
        "customer": customer(), "metadata": {},
    })
}

pub(crate) fn order(status: &str, paid: bool, modified: i64) -> Value {
    json!({
        "id": ORDER, "created_at": at(2), "modified_at": at(modified), "status": status,
        "paid": paid, "total_amount": 1200, "currency": "usd", "billing_reason": "purchase",
        "customer_id": CUSTOMER, "product_id": PRODUCT, "subscription_id": null,
        "customer": customer(), "metadata": {},
    })
}

pub(crate) fn grant(is_granted: bool, modified: i64) -> Value {
    json!({
        "id": GRANT, "created_at": at(3), "modified_at": at(modified), "is_granted": is_granted,
        "is_revoked": !is_granted, "subscription_id": SUBSCRIPTION, "order_id": null,
        "customer_id": CUSTOMER, "benefit_id": BENEFIT, "error": null, "properties": {},
        "customer": customer(),
        "benefit": {
            "id": BENEFIT, "created_at": at(0), "modified_at": null, "type": "feature_flag",
            "description": "Beta features", "metadata": {"exports": true, "seats": 5},
        },
    })
}

/// The whole of the customer's access: these subscriptions and grants, and no others.
pub(crate) fn state(subscriptions: &[Value], grants: &[Value]) -> Value {
    let mut state = customer();
    state["active_subscriptions"] = json!(subscriptions);
    state["granted_benefits"] = json!(grants);
    state["active_meters"] = json!([]);
    state
}

/// An event told at `sent`.
#[expect(
    clippy::needless_pass_by_value,
    reason = "reads better where it is called"
)]
pub(crate) fn event(kind: &str, sent: i64, data: Value) -> Value {
    json!({"type": kind, "timestamp": at(sent), "data": data})
}

/// A delivery about to be sent; every part may be spoilt.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) scheme: Scheme,
    pub(crate) sent_at: Timestamp,
    pub(crate) body: Vec<u8>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Delivery {
    pub(crate) fn of(world: &World, id: &str, event: &Value) -> Self {
        Self::raw(world, id, event.to_string().into_bytes())
    }

    pub(crate) fn raw(world: &World, id: &str, body: Vec<u8>) -> Self {
        Self {
            id: id.to_owned(),
            secret: SECRET.to_owned(),
            scheme: Scheme::WholeSecret,
            sent_at: world.clock.now(),
            body,
            headers: Vec::new(),
        }
    }

    pub(crate) async fn send(&self, world: &World) -> Answer {
        let secret = self.secret.as_str().into();
        let signature = sign(&secret, self.scheme, &self.id, self.sent_at, &self.body).unwrap();
        let mut headers = vec![
            ("webhook-id", self.id.clone()),
            ("webhook-timestamp", self.sent_at.as_second().to_string()),
            ("webhook-signature", signature),
            ("content-type", "application/json".to_owned()),
        ];
        headers.retain(|(name, _)| !self.headers.iter().any(|(other, _)| name == other));
        headers.extend(self.headers.clone());
        let mut call = world
            .request(Method::POST, "/webhook/polar")
            .body(self.body.clone());
        for (name, value) in headers.into_iter().filter(|(_, value)| !value.is_empty()) {
            call = call.header(name, value);
        }
        Answer::of(call.send().await.unwrap()).await
    }
}

/// Delivers events and waits until they are projected.
pub(crate) async fn deliver(world: &World, events: &[Value]) {
    for event in events {
        let id = uuid::Uuid::new_v4().to_string();
        let answer = Delivery::of(world, &id, event).send(world).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
    world.projected().await;
}
