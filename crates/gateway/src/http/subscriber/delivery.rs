//! The delivery log of a subscriber.

use axum::extract::{Path, State};
use jiff::Timestamp;
use polarkit_store::{Attempt, Delivery, Shown};
use serde::{Deserialize, Serialize};

use super::super::body::{Reply, Search};
use super::super::caller::Caller;
use super::{READ, found, instant};
use crate::gateway::Gateway;
use crate::problem::{Problem, Shape};
use crate::subscriber::replay;

/// Rows of one page, unless fewer are asked for.
const PAGE_MAX: i64 = 100;
/// Tries of one page.
const ATTEMPTS_MAX: i64 = 1_000;

/// Which deliveries.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Page {
    /// `pending`, `delivered` or `dead`; all when left out.
    status: Option<String>,
    /// An event's type.
    r#type: Option<String>,
    /// Polar's id of a customer.
    customer_id: Option<String>,
    /// One event's id.
    event_id: Option<String>,
    /// At most 100.
    limit: Option<i64>,
    /// `next` of the page before.
    before: Option<i64>,
}

/// A page of deliveries, newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = SubscriberDeliveries)]
pub(in crate::http) struct Deliveries {
    items: Vec<Delivered>,
    /// Where the next page begins, when there may be one.
    next: Option<i64>,
}

/// One event, and how telling it goes.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct Delivered {
    subscriber_id: String,
    /// The `webhook-id`.
    event_id: String,
    r#type: String,
    customer_id: Option<String>,
    /// `pending`, `delivered` or `dead`.
    status: String,
    /// Tries begun.
    tries: i64,
    #[schema(value_type = String, format = DateTime)]
    queued_at: Timestamp,
    /// When it may be tried next, while it is pending and was tried.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_try_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    settled_at: Option<Timestamp>,
    error: Option<String>,
    /// What became of the tries, newest first, as long as that is kept.
    attempts: Vec<Tried>,
}

/// What became of one try.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Attempt)]
struct Tried {
    #[schema(value_type = String, format = DateTime)]
    began_at: Timestamp,
    /// The status of the answer, where there was one.
    status: Option<i64>,
    latency_ms: i64,
    /// Why it counts as failed.
    error: Option<String>,
    /// How the answer begins.
    response: Option<String>,
}

/// Lists a subscriber's deliveries with their tries, newest first.
#[utoipa::path(
    get,
    path = "/api/subscribers/{id}/deliveries",
    tag = "subscribers",
    params(Page, ("id" = String, Path, description = "The subscriber's id")),
    responses((status = 200, body = Deliveries), (status = 400, body = Shape), (status = 401, body = Shape), (status = 403, body = Shape), (status = 404, body = Shape)),
    security(("bearer" = [])),
)]
pub(in crate::http) async fn list(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(id): Path<String>,
    Search(page): Search<Page>,
) -> Result<Reply<Deliveries>, Problem> {
    caller.must_be_server(READ)?;
    found(&gateway, &id).await?;
    let status = match page.status.as_deref() {
        None => None,
        Some("delivered") => Some("done"),
        Some(known @ ("pending" | "dead")) => Some(known),
        Some(_) => return Err(Problem::invalid("status: pending, delivered or dead")),
    };
    let limit = page.limit.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
    let shown = Shown {
        subscriber: Some(&id),
        status,
        customer: page.customer_id.as_deref(),
        kind: page.r#type.as_deref(),
        event: page.event_id.as_deref(),
        before: page.before,
        limit,
    };
    let rows = gateway.store.deliveries(&shown).await?;
    let full = i64::try_from(rows.len()) == Ok(limit);
    let next = rows.last().filter(|_| full).map(|row| row.position);
    let events: Vec<String> = rows.iter().map(|row| row.event.clone()).collect();
    let attempts = gateway.store.attempts(&id, &events, ATTEMPTS_MAX).await?;
    let items = rows.into_iter().map(|row| delivered(row, &attempts));
    Ok(Reply(Deliveries {
        items: items.collect(),
        next,
    }))
}

/// Deliveries given up, of all subscribers, newest first.
pub(in crate::http) async fn dead(
    gateway: &Gateway,
    limit: i64,
) -> Result<Vec<Delivered>, Problem> {
    let shown = Shown {
        status: Some("dead"),
        limit,
        ..Shown::default()
    };
    let rows = gateway.store.deliveries(&shown).await?.into_iter();
    Ok(rows.map(|row| delivered(row, &[])).collect())
}

/// Tells an event again to everyone to whom it was given up; `false` when there is nobody.
pub(in crate::http) async fn revive(gateway: &Gateway, event: &str) -> Result<bool, Problem> {
    let shown = Shown {
        status: Some("dead"),
        event: Some(event),
        limit: PAGE_MAX,
        ..Shown::default()
    };
    let dead = gateway.store.deliveries(&shown).await?;
    let mut queued = 0;
    for one in &dead {
        let event = std::slice::from_ref(&one.event);
        queued += replay::by_id(gateway, &one.subscriber, event).await?;
    }
    Ok(queued > 0)
}

fn delivered(row: Delivery, attempts: &[Attempt]) -> Delivered {
    let waits = row.status == "pending" && row.tries > 0;
    let own = attempts.iter().filter(|one| one.event == row.event);
    Delivered {
        attempts: own.map(tried).collect(),
        next_try_at: waits.then(|| instant(row.due_at)),
        settled_at: row.settled_at.map(instant),
        queued_at: instant(row.queued_at),
        subscriber_id: row.subscriber,
        event_id: row.event,
        r#type: row.kind,
        customer_id: Some(row.customer).filter(|customer| !customer.is_empty()),
        status: if row.status == "done" {
            "delivered".to_owned()
        } else {
            row.status
        },
        tries: row.tries,
        error: row.error,
    }
}

fn tried(attempt: &Attempt) -> Tried {
    Tried {
        began_at: instant(attempt.began_at),
        status: attempt.status,
        latency_ms: attempt.latency_us / 1_000,
        error: attempt.error.clone(),
        response: attempt.response.clone(),
    }
}
