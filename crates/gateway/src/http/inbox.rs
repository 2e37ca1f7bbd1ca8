//! `/api/inbox` and `/api/dead-letters`: what came, what was given up, and doing it again.

use axum::extract::{Path, State};
use polarkit_store::Listed;
use serde::{Deserialize, Serialize};

use super::body::{Reply, Search};
use super::caller::Caller;
use super::subscriber::delivery::{self, Delivered};
use crate::gateway::Gateway;
use crate::problem::{Code, Problem, Shape};

/// Rows of one page, unless fewer are asked for.
const PAGE_MAX: i64 = 100;

/// Which part of the inbox.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(super) struct Page {
    /// `pending`, `done` (unless given) or `dead`.
    status: Option<String>,
    /// At most 100.
    limit: Option<i64>,
    /// `received_at` of the last row of the page before.
    #[param(value_type = Option<String>, format = DateTime)]
    before: Option<jiff::Timestamp>,
}

/// A delivery.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Delivery {
    webhook_id: String,
    r#type: String,
    customer_id: Option<String>,
    status: String,
    /// Which secret verified it, counted from 1 as configured, and how it was made into a key:
    /// `1/whole`, `2/decoded`, `listen/whole`.
    verified_by: String,
    tries: i64,
    #[schema(value_type = String, format = DateTime)]
    received_at: jiff::Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    settled_at: Option<jiff::Timestamp>,
    error: Option<String>,
}

/// A page of deliveries, newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Deliveries {
    items: Vec<Delivery>,
}

/// Lists deliveries, newest first.
#[utoipa::path(
    get,
    path = "/api/inbox",
    tag = "operations",
    params(Page),
    responses((status = 200, body = Deliveries), (status = 401, body = Shape), (status = 403, body = Shape)),
    security(("bearer" = [])),
)]
pub(super) async fn list(
    State(gateway): State<Gateway>,
    caller: Caller,
    Search(page): Search<Page>,
) -> Result<Reply<Deliveries>, Problem> {
    caller.must_be_server("inbox:read")?;
    let status = page.status.as_deref().unwrap_or("done");
    if !matches!(status, "pending" | "done" | "dead") {
        return Err(Problem::invalid("status: pending, done or dead"));
    }
    deliveries(&gateway, status, &page).await.map(Reply)
}

/// A delivery with what it said.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Opened {
    #[serde(flatten)]
    delivery: Delivery,
    /// The event as Polar sent it; as text where it is not JSON.
    #[schema(value_type = Object)]
    event: serde_json::Value,
}

/// Shows one delivery.
#[utoipa::path(
    get,
    path = "/api/inbox/{webhook_id}",
    tag = "operations",
    params(("webhook_id" = String, Path, description = "Polar's id of the delivery")),
    responses((status = 200, body = Opened), (status = 401, body = Shape), (status = 403, body = Shape), (status = 404, body = Shape)),
    security(("bearer" = [])),
)]
pub(super) async fn show(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(webhook_id): Path<String>,
) -> Result<Reply<Opened>, Problem> {
    caller.must_be_server("inbox:read")?;
    let none = || Problem::new(Code::NotFound, "There is no such delivery, or not any more");
    let row = gateway
        .store
        .inbox_one(&webhook_id)
        .await?
        .ok_or_else(none)?;
    let body = gateway
        .store
        .inbox_body(&webhook_id)
        .await?
        .ok_or_else(none)?;
    let text = |_| serde_json::Value::String(String::from_utf8_lossy(&body).into_owned());
    Ok(Reply(Opened {
        delivery: row.into(),
        event: serde_json::from_slice(&body).unwrap_or_else(text),
    }))
}

/// Has a delivery projected again.
#[utoipa::path(
    post,
    path = "/api/inbox/{webhook_id}/replay",
    tag = "operations",
    params(("webhook_id" = String, Path, description = "Polar's id of the delivery")),
    responses((status = 200, body = Replayed), (status = 401, body = Shape), (status = 403, body = Shape), (status = 404, body = Shape)),
    security(("bearer" = [])),
)]
pub(super) async fn replay(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(webhook_id): Path<String>,
) -> Result<Reply<Replayed>, Problem> {
    caller.must_be_server("inbox:write")?;
    let now = gateway.time.local().as_microsecond();
    if !gateway.store.inbox_replay(&webhook_id, now).await? {
        return Err(Problem::new(Code::NotFound, "There is no such delivery"));
    }
    gateway.mail_came.notify_one();
    Ok(Reply(Replayed { status: "pending" }))
}

/// That it will be done again.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Replayed {
    /// Always `pending`.
    status: &'static str,
}

/// What was given up.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct DeadLetters {
    /// Deliveries that could not be projected.
    webhooks: Vec<Delivery>,
    /// Usage events Polar refused.
    usage: Vec<DeadUse>,
    /// Events subscribers did not take.
    deliveries: Vec<Delivered>,
}

/// A usage event Polar refused.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct DeadUse {
    id: String,
    #[schema(value_type = Object)]
    event: serde_json::Value,
    error: String,
}

/// Lists what was given up, newest first.
#[utoipa::path(
    get,
    path = "/api/dead-letters",
    tag = "operations",
    params(Page),
    responses((status = 200, body = DeadLetters), (status = 401, body = Shape), (status = 403, body = Shape)),
    security(("bearer" = [])),
)]
pub(super) async fn dead(
    State(gateway): State<Gateway>,
    caller: Caller,
    Search(page): Search<Page>,
) -> Result<Reply<DeadLetters>, Problem> {
    caller.must_be_server("inbox:read")?;
    let webhooks = deliveries(&gateway, "dead", &page).await?.items;
    let usage = gateway.store.usage_dead(limit(&page)).await?;
    let usage = usage.into_iter().map(|(id, body, error)| DeadUse {
        id,
        // Shown as text where it is not JSON.
        event: serde_json::from_str(&body).unwrap_or(serde_json::Value::String(body)),
        error,
    });
    Ok(Reply(DeadLetters {
        webhooks,
        usage: usage.collect(),
        deliveries: delivery::dead(&gateway, limit(&page)).await?,
    }))
}

/// Does what was given up again, by its id: a delivery, a usage event, or an event subscribers did
/// not take, for each of them.
#[utoipa::path(
    post,
    path = "/api/dead-letters/{id}/replay",
    tag = "operations",
    params(("id" = String, Path, description = "The delivery's or the event's id")),
    responses((status = 200, body = Replayed), (status = 401, body = Shape), (status = 403, body = Shape), (status = 404, body = Shape)),
    security(("bearer" = [])),
)]
pub(super) async fn revive(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Reply<Replayed>, Problem> {
    caller.must_be_server("inbox:write")?;
    let now = gateway.time.local().as_microsecond();
    if gateway.store.usage_replay(&id, now).await? {
        gateway.usage_came.notify_one();
        return Ok(Reply(Replayed { status: "pending" }));
    }
    if delivery::revive(&gateway, &id).await? {
        return Ok(Reply(Replayed { status: "pending" }));
    }
    replay(State(gateway), caller, Path(id)).await
}

async fn deliveries(gateway: &Gateway, status: &str, page: &Page) -> Result<Deliveries, Problem> {
    let before = page
        .before
        .map_or(i64::MAX, jiff::Timestamp::as_microsecond);
    let rows = gateway
        .store
        .inbox_list(status, before, limit(page))
        .await?;
    let items = rows.into_iter().map(Delivery::from);
    Ok(Deliveries {
        items: items.collect(),
    })
}

impl From<Listed> for Delivery {
    fn from(row: Listed) -> Self {
        let instant = |micros| jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
        Self {
            webhook_id: row.webhook_id,
            r#type: row.kind,
            customer_id: Some(row.customer).filter(|customer| !customer.is_empty()),
            status: row.status,
            verified_by: row.verified_by,
            tries: row.tries,
            received_at: instant(row.received_at),
            settled_at: row.settled_at.map(instant),
            error: row.error,
        }
    }
}

fn limit(page: &Page) -> i64 {
    page.limit.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX)
}
