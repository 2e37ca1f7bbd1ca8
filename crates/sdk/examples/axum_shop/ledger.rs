//! What was bought, as webhooks tell it: who may use what.

use std::{
    collections::{BTreeSet, HashSet},
    sync::PoisonError,
};

use axum::{Json, extract::State};
use polarkit::{
    model::ProductId,
    webhooks::{Event, Webhook},
};
use serde_json::{Value, json};

use super::{Shop, user::User};

/// A real app keeps it in its database.
#[derive(Default)]
pub(crate) struct Ledger {
    owned: BTreeSet<(String, ProductId)>,
    seen: HashSet<String>,
}

pub(crate) async fn access(State(shop): State<Shop>, User(id): User) -> Json<Vec<ProductId>> {
    let ledger = shop.ledger.lock().unwrap_or_else(PoisonError::into_inner);
    let own = ledger.owned.iter().filter(|(owner, _)| *owner == id);
    Json(own.map(|(_, product)| *product).collect())
}

/// Success for whatever another attempt can't mend: Polar disables endpoints that keep failing.
pub(crate) async fn receive(State(shop): State<Shop>, webhook: Webhook) -> Json<Value> {
    let mut ledger = shop.ledger.lock().unwrap_or_else(PoisonError::into_inner);
    if ledger.seen.insert(webhook.verified.id) {
        match webhook.delivery {
            Ok(delivery) => ledger.apply(delivery.event),
            Err(unread) => tracing::error!(%unread, "keep its bytes and look into it"),
        }
    }
    Json(json!({"status": "processed"}))
}

impl Ledger {
    /// Access comes with payment, not with a checkout, and goes when Polar revokes it, not when a
    /// subscription is cancelled: it is paid to the end of its period.
    fn apply(&mut self, event: Event) {
        match event {
            Event::OrderPaid(order) => {
                self.owned
                    .extend(order.customer.external_id.zip(order.product_id));
            }
            Event::SubscriptionRevoked(subscription) => {
                let owner = subscription.customer.external_id.unwrap_or_default();
                self.owned.remove(&(owner, subscription.product_id));
            }
            other => tracing::info!(kind = other.kind(), "of no interest"),
        }
    }
}
