//! Having deliveries projected again: one, or all that fit. It changes nothing that is right already,
//! and tells nobody twice.

use axum::extract::{Path, State};
use jiff::Timestamp;
use polarkit_store::Again;
use serde::{Deserialize, Serialize};

use super::super::body::{Body, Reply};
use super::super::caller::Caller;
use crate::gateway::Gateway;
use crate::problem::{Code, Problem, Shape};

/// Deliveries of one call.
const REPLAYED_MAX: i64 = 10_000;

/// Has a delivery projected again.
#[utoipa::path(
    post,
    path = "/api/inbox/{webhook_id}/replay",
    tag = "operations",
    params(("webhook_id" = String, Path, description = "Polar's id of the delivery")),
    responses((status = 200, body = Replayed), (status = 401, body = Shape), (status = 403, body = Shape), (status = 404, body = Shape)),
    security(("bearer" = [])),
)]
pub(in crate::http) async fn one(
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
#[schema(as = Pending)]
pub(in crate::http) struct Replayed {
    /// Always `pending`.
    pub(in crate::http) status: &'static str,
}

/// Which deliveries are projected again.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct InboxReplay {
    /// `dead` (unless given) or `done`.
    status: Option<String>,
    /// Of this event type.
    r#type: Option<String>,
    /// About the customer of this id of Polar's.
    customer_id: Option<String>,
    /// That came at this time or later.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// That came before this time.
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

/// How many will be.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct InboxReplayed {
    /// At most 10,000 a call, the oldest first: ask again until it is less.
    queued: u64,
}

/// Has all deliveries that fit projected again.
#[utoipa::path(
    post,
    path = "/api/inbox/replay",
    tag = "operations",
    request_body = InboxReplay,
    responses((status = 200, body = InboxReplayed), (status = 400, body = Shape), (status = 401, body = Shape), (status = 403, body = Shape)),
    security(("bearer" = [])),
)]
pub(in crate::http) async fn many(
    State(gateway): State<Gateway>,
    caller: Caller,
    Body(asked): Body<InboxReplay>,
) -> Result<Reply<InboxReplayed>, Problem> {
    caller.must_be_server("inbox:write")?;
    let status = asked.status.as_deref().unwrap_or("dead");
    if !matches!(status, "dead" | "done") {
        return Err(Problem::invalid("status: dead or done"));
    }
    let from = asked.from.map_or(i64::MIN, Timestamp::as_microsecond);
    let to = asked.to.map_or(i64::MAX, Timestamp::as_microsecond);
    if from >= to {
        return Err(Problem::invalid("to: must be later than from"));
    }
    let again = Again {
        status,
        kind: asked.r#type.as_deref(),
        customer: asked.customer_id.as_deref(),
        between: (from, to),
        limit: REPLAYED_MAX,
    };
    let now = gateway.time.local().as_microsecond();
    let queued = gateway.store.inbox_replay_all(&again, now).await?;
    gateway.mail_came.notify_one();
    Ok(Reply(InboxReplayed { queued }))
}
