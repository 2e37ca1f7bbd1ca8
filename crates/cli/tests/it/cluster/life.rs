//! One customer's life, told by signed webhooks: each told again until it is acknowledged, the next
//! not before.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::delivery::Delivery;

/// An order that is made, paid, changed, and for every other customer paid back.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    pub(crate) customer: String,
    pub(crate) order: String,
    pub(crate) is_refunded: bool,
    product: String,
    began: Timestamp,
}

impl Life {
    pub(crate) fn new(now: Timestamp) -> Self {
        let [customer, order, product] = std::array::from_fn(|_| Uuid::new_v4().to_string());
        Self {
            customer,
            order,
            product,
            is_refunded: fastrand::bool(),
            began: now,
        }
    }

    /// What is told, in its order.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        let mut kinds = vec!["order.created", "order.paid", "order.updated"];
        if self.is_refunded {
            kinds.push("order.refunded");
        }
        let told = kinds.into_iter().zip(0..);
        told.map(|(kind, step)| Delivery::of(&self.event(kind, step)))
            .collect()
    }

    pub(crate) fn last_step(&self) -> i64 {
        if self.is_refunded { 3 } else { 2 }
    }

    fn event(&self, kind: &str, step: i64) -> Value {
        let at = |seconds: i64| {
            let span = jiff::SignedDuration::from_secs(seconds);
            (self.began + span).to_string()
        };
        let status = match step {
            0 => "pending",
            3 => "refunded",
            _ => "paid",
        };
        json!({
            "type": kind, "timestamp": at(step), "data": {
                "id": self.order, "created_at": at(0), "modified_at": at(step), "status": status,
                "paid": step > 0, "product_id": self.product, "subscription_id": null,
                "customer_id": self.customer, "checkout_id": null, "billing_reason": "purchase",
                "total_amount": 1900, "currency": "usd", "metadata": {"step": step},
                "customer": {
                    "id": self.customer, "created_at": at(0), "modified_at": null,
                    "external_id": format!("user_{}", self.customer), "email": "ada@example.com",
                    "metadata": {},
                },
            },
        })
    }
}
