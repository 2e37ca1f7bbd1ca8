//! Who watches a session: pages that wait for a sale are told at once what happens to it.

use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::{Checkout, CheckoutStatus};
use crate::world::{Id, World};

/// Signals that a watcher may fall behind by before it misses some.
const BACKLOG_MAX: usize = 4096;
/// Watchers at one time.
const WATCHERS_MAX: usize = 256;

/// Everybody who watches some session. No part of the world's state: nothing is ever read back from here.
#[derive(Debug, Clone)]
pub(crate) struct Watchers(broadcast::Sender<Signal>);

impl Default for Watchers {
    fn default() -> Self {
        Self(broadcast::Sender::new(BACKLOG_MAX))
    }
}

impl Watchers {
    /// One more, who hears all signals from now on; none when there are too many.
    pub(crate) fn join(&self) -> Option<broadcast::Receiver<Signal>> {
        (self.0.receiver_count() < WATCHERS_MAX).then(|| self.0.subscribe())
    }

    /// True when somebody watches at all.
    pub(crate) fn are_there(&self) -> bool {
        self.0.receiver_count() > 0
    }

    fn tell(&self, checkout: Id<Checkout>, news: News) {
        if self.are_there() {
            // The last of them may have left meanwhile.
            self.0.send(Signal { checkout, news }).unwrap_or_default();
        }
    }
}

/// Something happened to a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signal {
    pub(crate) checkout: Id<Checkout>,
    news: News,
}

/// What happened.
#[derive(Debug, Clone, Copy)]
pub(super) enum News {
    Updated(CheckoutStatus),
    OrderCreated,
    SubscriptionCreated,
    /// A webhook of the seller's took `checkout.updated`, or nobody listens to it.
    Delivered(CheckoutStatus),
}

impl Signal {
    /// What a watcher reads; `id` is the message's own.
    pub(crate) fn message(&self, id: Id<Self>) -> Value {
        let (key, payload) = match self.news {
            News::Updated(status) => ("updated", json!({"status": status})),
            News::OrderCreated => ("order_created", json!({})),
            News::SubscriptionCreated => ("subscription_created", json!({})),
            News::Delivered(status) => ("webhook_event_delivered", json!({"status": status})),
        };
        json!({"id": id, "key": format!("checkout.{key}"), "payload": payload})
    }
}

/// Tells whoever watches the session.
pub(super) fn tell(world: &World, id: Id<Checkout>, news: News) {
    world.watchers.tell(id, news);
}

/// A webhook of the seller's took `checkout.updated` about the session in this payload.
pub(crate) fn delivered(world: &World, payload: &str) {
    let payload: Option<Value> = serde_json::from_str(payload).ok();
    let id = payload.as_ref().and_then(|body| body.pointer("/data/id"));
    let id = id.and_then(Value::as_str).and_then(Id::parse);
    let checkout = id.and_then(|id| world.checkouts.find(id));
    if let Some(row) = checkout {
        tell(world, row.id, News::Delivered(row.status));
    }
}
