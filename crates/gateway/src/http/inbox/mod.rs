//! `/api/inbox`: what came, and doing it again.

pub(super) mod letter;
pub(super) mod replay;

use axum::extract::State;
use polarkit_store::Listed;
use serde::{Deserialize, Serialize};

use super::body::{Reply, Search};
use super::caller::Caller;
use crate::gateway::Gateway;
use crate::problem::{Problem, Shape};

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
    pub(super) items: Vec<Delivery>,
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

pub(super) async fn deliveries(
    gateway: &Gateway,
    status: &str,
    page: &Page,
) -> Result<Deliveries, Problem> {
    let before = page
        .before
        .map_or(i64::MAX, jiff::Timestamp::as_microsecond);
    let rows = gateway
        .store
        .inbox_list(status, before, limit(page))
        .await?;
    Ok(Deliveries {
        items: rows.into_iter().map(Delivery::of).collect(),
    })
}

impl Delivery {
    fn of(row: Listed) -> Self {
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

fn instant(micros: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(micros).unwrap_or_default()
}

pub(super) fn limit(page: &Page) -> i64 {
    page.limit.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX)
}
