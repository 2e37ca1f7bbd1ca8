//! Webhooks as Polar signs them, made by the test: so that it knows what was sent, and what was acknowledged.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

/// The endpoint's secret. Its UTF-8 bytes are the key.
pub(crate) const SECRET: &str = "whsec_a-secret-of-these-tests";

/// One paid order of one customer of its own.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) customer: String,
    pub(crate) body: String,
}

impl Delivery {
    pub(crate) fn of_a_paid_order(now: Timestamp) -> Self {
        let [id, order, customer, product] = std::array::from_fn(|_| Uuid::new_v4().to_string());
        let external = format!("user_{customer}");
        let body = json!({
            "type": "order.paid",
            "timestamp": now.to_string(),
            "data": {
                "id": order, "created_at": now.to_string(), "modified_at": null, "status": "paid", "paid": true,
                "product_id": product, "subscription_id": null, "customer_id": customer, "checkout_id": null,
                "billing_reason": "purchase", "total_amount": 1900, "currency": "usd", "metadata": {},
                "customer": {
                    "id": customer, "created_at": now.to_string(), "modified_at": null, "external_id": external,
                    "email": "ada@example.com", "metadata": {},
                },
            },
        });
        Self {
            id,
            customer: external,
            body: body.to_string(),
        }
    }

    /// Any event about a customer.
    pub(crate) fn of(event: &Value) -> Self {
        let customer = event["data"]["customer"]["external_id"].as_str();
        Self {
            id: Uuid::new_v4().to_string(),
            customer: customer.unwrap().to_owned(),
            body: event.to_string(),
        }
    }

    /// Sends it; true when it was acknowledged. A dead gateway acknowledges nothing.
    pub(crate) async fn send(&self, client: &Client, gateway: &str, now: Timestamp) -> bool {
        match self.answer(client, gateway, now).await {
            Some(answer) => {
                let status = answer.status();
                assert!(status.is_success(), "the delivery was refused: {status}");
                true
            }
            None => false,
        }
    }

    /// Sends it; what it was answered, if anything.
    pub(crate) async fn answer(
        &self,
        client: &Client,
        gateway: &str,
        now: Timestamp,
    ) -> Option<Response> {
        let time = now.as_second().to_string();
        let signed = format!("{}.{time}.{}", self.id, self.body);
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        let sent = client
            .post(format!("{gateway}/webhook/polar"))
            .header("webhook-id", &self.id)
            .header("webhook-timestamp", time)
            .header("webhook-signature", signature)
            .header("content-type", "application/json")
            .body(self.body.clone())
            .send()
            .await;
        sent.ok()
    }
}
