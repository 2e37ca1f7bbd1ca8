//! `/api/dead-letters`: what was given up, and doing it again.

use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::Serialize;

use super::body::{Reply, Search};
use super::caller::Caller;
use super::inbox::replay::Replayed;
use super::inbox::{Delivery, Page, deliveries, limit, replay};
use super::subscriber::delivery::{self, Delivered};
use crate::gateway::Gateway;
use crate::problem::{Problem, Shape};

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
    /// Why, in Polar's words for fields and kinds of error.
    error: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    settled_at: Option<Timestamp>,
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
pub(super) async fn list(
    State(gateway): State<Gateway>,
    caller: Caller,
    Search(page): Search<Page>,
) -> Result<Reply<DeadLetters>, Problem> {
    caller.must_be_server("inbox:read")?;
    let webhooks = deliveries(&gateway, "dead", &page).await?.items;
    let usage = gateway.store.usage_dead(limit(&page)).await?;
    let usage = usage.into_iter().map(|dead| DeadUse {
        id: dead.id,
        // Shown as text where it is not JSON.
        event: serde_json::from_str(&dead.body).unwrap_or(serde_json::Value::String(dead.body)),
        error: dead.error,
        settled_at: Timestamp::from_microsecond(dead.settled_at).ok(),
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
    replay::one(State(gateway), caller, Path(id)).await
}
