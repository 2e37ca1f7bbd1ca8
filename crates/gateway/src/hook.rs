//! Hooks: what an application in Rust is told, at least once, from the queue subscribers are told
//! from.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::Deserialize;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::subscriber::notice::{ACCESS_GRANTED, ACCESS_REVOKED, ORDER_PAID};

/// What a hook answers: an error means "again later".
pub type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;
/// A hook at work.
pub type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// What the application wants to do when something happened.
///
/// Every hook is called at least once, from rows written with the change itself; a process that
/// dies, or a hook that fails, is called again. The `id` of a call is always the same for the same
/// cause, so that it can serve as an idempotency key. What concerns one customer is told in order:
/// as long as one call fails, that customer's later ones wait. Hooks are a subscriber, `hooks`,
/// and can be seen, replayed and disabled like any other.
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
    /// Any event of Polar's, also of a type this program does not know.
    fn event<'a>(&'a self, call: &'a Event) -> Running<'a> {
        let Event { .. } = call;
        Box::pin(async { Ok(()) })
    }
}

/// An order was paid.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OrderPaid {
    /// The same for the same cause.
    pub id: String,
    /// Polar's id of the order.
    pub order_id: String,
    /// Polar's id of the customer.
    pub customer_id: String,
    /// The application's id of the customer, where Polar knows it.
    pub external_id: Option<String>,
    /// The order as Polar told it.
    pub order: serde_json::Value,
}

/// A customer's access to one thing changed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Access {
    /// The same for the same cause.
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
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Event {
    /// The same for the same cause.
    pub id: String,
    /// Its type.
    pub kind: String,
    /// The body as it was signed; of a paid order, with the customer and the events that led there.
    pub body: String,
}

/// The envelope of what is told.
#[derive(Deserialize)]
struct Told<D> {
    data: D,
}

#[derive(Deserialize)]
struct Change {
    customer: Customer,
    kind: String,
    target: String,
    reason: String,
}

#[derive(Deserialize)]
struct Customer {
    id: String,
    external_id: Option<String>,
}

#[derive(Deserialize)]
struct Paid {
    customer: Customer,
    data: serde_json::Value,
}

/// Makes one call, in a task of its own: a hook that panics has failed, and fails nobody else.
pub(crate) async fn call(
    hooks: &Arc<dyn Hooks>,
    id: String,
    kind: String,
    body: Vec<u8>,
) -> Outcome {
    let hooks = Arc::clone(hooks);
    let task = TaskTracker::new().spawn(async move {
        match kind.as_str() {
            ACCESS_GRANTED => hooks.access_granted(&access(id, &body)?).await,
            ACCESS_REVOKED => hooks.access_revoked(&access(id, &body)?).await,
            ORDER_PAID => {
                hooks.order_paid(&order_paid(id.clone(), &body)?).await?;
                hooks.event(&event(id, kind, &body)).await
            }
            _ => hooks.event(&event(id, kind, &body)).await,
        }
    });
    // One that takes too long is let go of, and must not go on beside its repetition.
    let task = AbortOnDropHandle::new(task);
    task.await.unwrap_or_else(|panic| Err(panic.into()))
}

fn access(id: String, body: &[u8]) -> serde_json::Result<Access> {
    let Told { data: change } = serde_json::from_slice::<Told<Change>>(body)?;
    Ok(Access {
        id,
        customer_id: change.customer.id,
        external_id: change.customer.external_id,
        kind: change.kind,
        target: change.target,
        reason: change.reason,
    })
}

fn order_paid(id: String, body: &[u8]) -> serde_json::Result<OrderPaid> {
    let Paid { customer, data } = serde_json::from_slice(body)?;
    let order_id = data.get("id").and_then(serde_json::Value::as_str);
    Ok(OrderPaid {
        id,
        order_id: order_id.unwrap_or_default().to_owned(),
        customer_id: customer.id,
        external_id: customer.external_id,
        order: data,
    })
}

fn event(id: String, kind: String, body: &[u8]) -> Event {
    Event {
        id,
        kind,
        body: String::from_utf8_lossy(body).into_owned(),
    }
}
