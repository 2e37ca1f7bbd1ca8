//! A delivery to try a receiver with.

use axum::extract::{Path, State};
use serde::Serialize;
use serde_json::json;

use super::super::body::Reply;
use super::super::caller::Caller;
use super::{WRITE, found};
use crate::gateway::Gateway;
use crate::problem::{Problem, Shape};
use crate::subscriber::{WEBHOOK, worker};

/// What became of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct Tried {
    delivered: bool,
    /// The status of the answer, where there was one.
    status: Option<u16>,
    latency_ms: u64,
    /// Why it counts as failed.
    error: Option<String>,
    /// How the answer begins.
    response: Option<String>,
}

/// Sends one signed `subscriber.test` at once, and tells what came back. It is not tried again, and
/// counts for nothing.
#[utoipa::path(
    post,
    path = "/api/subscribers/{id}/test",
    tag = "subscribers",
    params(("id" = String, Path, description = "The subscriber's id")),
    responses((status = 200, body = Tried), (status = 400, body = Shape), (status = 401, body = Shape), (status = 403, body = Shape), (status = 404, body = Shape)),
    security(("bearer" = [])),
)]
pub(in crate::http) async fn send(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Reply<Tried>, Problem> {
    caller.must_be_server(WRITE)?;
    let one = found(&gateway, &id).await?;
    if one.kind != WEBHOOK {
        return Err(Problem::invalid(
            "Hooks are called with what happened alone",
        ));
    }
    let told = json!({
        "type": "subscriber.test",
        "timestamp": gateway.time.local(),
        "data": {"subscriber_id": one.id},
    });
    let event = format!("test_{}", uuid::Uuid::new_v4().simple());
    let answer = worker::post(&gateway, &one, &event, told.to_string().into_bytes()).await;
    Ok(Reply(Tried {
        delivered: answer.error.is_none(),
        status: answer.status,
        latency_ms: u64::try_from(answer.latency.as_millis()).unwrap_or(u64::MAX),
        error: answer.error,
        response: answer.response,
    }))
}
