//! Hooks: what an application in Rust is told, at least once, from durable rows.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use polarkit_store::{Call, Entitlement, Waiting};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::gateway::Gateway;
use crate::inbox::news::News;
use crate::problem::chain;

/// Calls read at once.
const BATCH_MAX: i64 = 64;
/// Tries of one call before it is given up; with the backoff below, about two days.
const TRIES_MAX: i64 = 60;
/// Longest wait between two tries.
const BACKOFF_MAX: SignedDuration = SignedDuration::from_hours(1);
/// How long the runner waits for a nudge before it looks anyway.
const LOOK_ANYWAY: Duration = Duration::from_secs(1);

/// What a hook answers: an error means "again later".
pub type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;
/// A hook at work.
pub type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// What the application wants to do when something happened.
///
/// Every hook is called at least once, from rows written with the change itself; a process that
/// dies, or a hook that fails, is called again. The `id` of a call is always the same for the same
/// cause, so that it can serve as an idempotency key.
pub trait Hooks: Send + Sync + 'static {
    /// An order was paid.
    fn order_paid<'a>(&'a self, call: &'a OrderPaid) -> Running<'a> {
        let OrderPaid { .. } = call;
        Box::pin(async { Ok(()) })
    }
    /// A customer may use a product or benefit they could not use before.
    fn access_granted<'a>(&'a self, call: &'a Access) -> Running<'a> {
        let Access { .. } = call;
        Box::pin(async { Ok(()) })
    }
    /// A customer may no longer use a product or benefit: nothing else grants it either.
    fn access_revoked<'a>(&'a self, call: &'a Access) -> Running<'a> {
        let Access { .. } = call;
        Box::pin(async { Ok(()) })
    }
    /// Any event, also of a type this program does not know.
    fn event<'a>(&'a self, call: &'a Event) -> Running<'a> {
        let Event { .. } = call;
        Box::pin(async { Ok(()) })
    }
}

/// An order was paid.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OrderPaid {
    /// The same for the same cause.
    #[serde(skip)]
    pub id: String,
    /// Polar's id of the order.
    pub order_id: String,
    /// Polar's id of the customer.
    pub customer_id: String,
    /// The order as Polar told it.
    pub order: serde_json::Value,
}

/// A customer's access to one thing changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Access {
    /// The same for the same cause.
    #[serde(skip)]
    pub id: String,
    /// Polar's id of the customer.
    pub customer_id: String,
    /// The application's id of the customer, where Polar knows it.
    pub external_id: Option<String>,
    /// `product` or `benefit`.
    pub kind: String,
    /// Polar's id of the product or benefit.
    pub target: String,
    /// Why.
    pub reason: String,
}

/// Any event.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// The same for the same cause.
    #[serde(skip)]
    pub id: String,
    /// Its type.
    pub kind: String,
    /// Polar's id of the delivery.
    pub webhook_id: String,
    /// The body as it was signed.
    pub body: String,
}

/// The calls one event causes.
pub(crate) fn calls_of(mail: &Waiting, news: &News) -> Vec<Call> {
    let event = Event {
        id: String::new(),
        kind: news.kind.clone(),
        webhook_id: mail.webhook_id.clone(),
        body: String::from_utf8_lossy(&mail.body).into_owned(),
    };
    let mut calls = vec![call(
        format!("event:{}", mail.webhook_id),
        &mail.customer,
        "event",
        &event,
    )];
    let order = news.objects.first().filter(|_| news.paid_order.is_some());
    if let (Some(order_id), Some(order)) = (&news.paid_order, order) {
        let paid = OrderPaid {
            id: String::new(),
            order_id: order_id.clone(),
            customer_id: order.customer.clone(),
            order: serde_json::from_str(&order.body).unwrap_or_default(),
        };
        calls.push(call(
            format!("order_paid:{order_id}"),
            &order.customer,
            "order_paid",
            &paid,
        ));
    }
    calls
}

/// The calls a change of one customer's entitlements causes, by what is granted as a whole.
pub(crate) fn calls_of_access(
    (customer, external_id): (&str, Option<&str>),
    before: &[Entitlement],
    after: &[Entitlement],
) -> Vec<Call> {
    let (had, has) = (by_target(before), by_target(after));
    let mut calls = Vec::new();
    for ((kind, target), now) in &has {
        let was = had.get(&(*kind, *target)).is_some_and(|row| row.granted);
        if was == now.granted {
            continue;
        }
        let hook = if now.granted {
            "access_granted"
        } else {
            "access_revoked"
        };
        let access = Access {
            id: String::new(),
            customer_id: customer.to_owned(),
            external_id: external_id.map(str::to_owned),
            kind: (*kind).to_owned(),
            target: (*target).to_owned(),
            reason: now.reason.clone(),
        };
        let id = format!("{hook}:{customer}:{target}:{}", now.changed_at);
        calls.push(call(id, customer, hook, &access));
    }
    // A plan that was left has no row of its own any more: its subscription tells of another.
    let left = |thing: &(&str, &str)| !has.contains_key(thing);
    for ((kind, target), was) in had.iter().filter(|(thing, was)| was.granted && left(thing)) {
        let access = Access {
            id: String::new(),
            customer_id: customer.to_owned(),
            external_id: external_id.map(str::to_owned),
            kind: (*kind).to_owned(),
            target: (*target).to_owned(),
            reason: "no_longer_stated".to_owned(),
        };
        let id = format!("access_revoked:{customer}:{target}:{}:left", was.changed_at);
        calls.push(call(id, customer, "access_revoked", &access));
    }
    calls
}

/// For each thing, the row that decides: one that grants, where there is one.
fn by_target(rows: &[Entitlement]) -> BTreeMap<(&str, &str), &Entitlement> {
    let mut deciding: BTreeMap<_, &Entitlement> = BTreeMap::new();
    for row in rows {
        let slot = deciding
            .entry((row.kind.as_str(), row.target.as_str()))
            .or_insert(row);
        if (row.granted, row.changed_at) > (slot.granted, slot.changed_at) {
            *slot = row;
        }
    }
    deciding
}

fn call(id: String, customer: &str, kind: &str, payload: &impl Serialize) -> Call {
    Call {
        id,
        customer: customer.to_owned(),
        kind: kind.to_owned(),
        tries: 0,
        // A struct of texts always has a JSON form.
        payload: serde_json::to_string(payload).unwrap_or_default(),
    }
}

/// Makes the calls that are due until told to stop.
pub(crate) async fn run(gateway: Gateway, hooks: Arc<dyn Hooks>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let now = gateway.time.local();
        match gateway
            .store
            .calls_due(now.as_microsecond(), BATCH_MAX)
            .await
        {
            Ok(calls) if !calls.is_empty() => {
                for call in calls {
                    make(&gateway, &hooks, call).await;
                }
                continue;
            }
            Ok(_) => {}
            Err(error) => tracing::error!(error = %chain(&error), "hook calls cannot be read"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            // Elapsed is as good a reason to look as a nudge.
            _ = tokio::time::timeout(LOOK_ANYWAY, gateway.call_waits.notified()) => {}
        }
    }
}

async fn make(gateway: &Gateway, hooks: &Arc<dyn Hooks>, call: Call) {
    let settled = match guarded(hooks, &call).await {
        Ok(()) => gateway.store.call_done(&call.id).await,
        Err(error) => {
            let due = due_again(gateway, call.tries);
            tracing::warn!(id = %call.id, %error, given_up = due.is_none(), "hook failed");
            gateway
                .store
                .call_failed(&call.id, &error.to_string(), due)
                .await
        }
    };
    if let Err(error) = settled {
        tracing::error!(id = %call.id, error = %chain(&error), "hook call cannot be settled");
    }
}

/// A task of its own: a hook that panics has failed, and fails nobody else.
async fn guarded(hooks: &Arc<dyn Hooks>, call: &Call) -> Outcome {
    let (hooks, call) = (Arc::clone(hooks), call.clone());
    let task = TaskTracker::new().spawn(async move { dispatch(hooks.as_ref(), &call).await });
    task.await.unwrap_or_else(|panic| Err(panic.into()))
}

async fn dispatch(hooks: &dyn Hooks, call: &Call) -> Outcome {
    let id = || call.id.clone();
    match call.kind.as_str() {
        "order_paid" => {
            let paid = OrderPaid {
                id: id(),
                ..serde_json::from_str(&call.payload)?
            };
            hooks.order_paid(&paid).await
        }
        "access_granted" => {
            let access = Access {
                id: id(),
                ..serde_json::from_str(&call.payload)?
            };
            hooks.access_granted(&access).await
        }
        "access_revoked" => {
            let access = Access {
                id: id(),
                ..serde_json::from_str(&call.payload)?
            };
            hooks.access_revoked(&access).await
        }
        _ => {
            let event = Event {
                id: id(),
                ..serde_json::from_str(&call.payload)?
            };
            hooks.event(&event).await
        }
    }
}

/// 1, 2, 4… seconds up to an hour; `None` once it was tried often enough.
fn due_again(gateway: &Gateway, tries: i64) -> Option<i64> {
    if tries + 1 >= TRIES_MAX {
        return None;
    }
    let doublings = u32::try_from(tries.clamp(0, 12)).unwrap_or_default();
    let wait = SignedDuration::from_secs(1 << doublings).min(BACKOFF_MAX);
    let now = gateway.time.local();
    Some(now.checked_add(wait).unwrap_or(now).as_microsecond())
}
