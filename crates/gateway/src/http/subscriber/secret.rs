//! Rotating a subscriber's secret.

use axum::extract::{Path, State};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::body::{Reply, parse};
use super::super::caller::Caller;
use super::{WRITE, change, unknown};
use crate::gateway::Gateway;
use crate::problem::{Code, Problem, Shape};
use crate::subscriber::WEBHOOK;
use crate::subscriber::secret::{Ring, Unfit};

/// How long the secret before signs along unless told otherwise.
const OVERLAP_HOURS: u32 = 24;
const OVERLAP_HOURS_MAX: u32 = 24 * 30;

/// How to rotate.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::http) struct Rotate {
    /// The new secret; made when left out.
    secret: Option<String>,
    /// How long the secret before signs along; 24 when left out, 0 to end it now.
    overlap_hours: Option<u32>,
}

/// The new secret, this once.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct Rotated {
    /// What webhooks are signed with from now on. It is never shown again.
    secret: String,
    /// Until then they are also signed with the one before.
    #[schema(value_type = Option<String>, format = DateTime)]
    secret_overlap_until: Option<Timestamp>,
}

/// Gives a subscriber another secret; the one before signs along for a while.
#[utoipa::path(
    post,
    path = "/api/subscribers/{id}/secret/rotate",
    tag = "subscribers",
    params(("id" = String, Path, description = "The subscriber's id")),
    request_body(content = Rotate, description = "May be left out"),
    responses((status = 200, body = Rotated), (status = 400, body = Shape), (status = 401, body = Shape), (status = 403, body = Shape), (status = 404, body = Shape), (status = 409, body = Shape)),
    security(("bearer" = [])),
)]
pub(in crate::http) async fn rotate(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Reply<Rotated>, Problem> {
    caller.must_be_server(WRITE)?;
    let wanted: Rotate = if body.is_empty() {
        Rotate::default()
    } else {
        parse(&body)?
    };
    let hours = wanted.overlap_hours.unwrap_or(OVERLAP_HOURS);
    if hours > OVERLAP_HOURS_MAX {
        return Err(Problem::invalid("overlap_hours: at most 720"));
    }
    let secret = change::chosen(wanted.secret.as_deref())?;
    let now = gateway.time.local();
    let mut tx = gateway.store.begin().await?;
    let mut one = tx.subscriber(&id).await?.ok_or_else(unknown)?;
    if one.kind != WEBHOOK {
        return Err(Problem::invalid("Hooks have no secret"));
    }
    let mut ring = Ring::read(&one.secrets).map_err(|error| Problem::internal(&error))?;
    if ring.holds(&secret) {
        return Err(Problem::invalid(Unfit::Known.to_string()));
    }
    let overlap = SignedDuration::from_hours(hours.into());
    ring.rotate(secret.clone(), overlap, now)
        .map_err(|crowded| Problem::new(Code::Conflict, crowded.to_string()))?;
    one.secrets = ring.text();
    one.changed_at = now.as_microsecond();
    tx.put_subscriber(&one).await?;
    tx.commit().await?;
    Ok(Reply(Rotated {
        secret: secret.reveal().to_owned(),
        secret_overlap_until: ring.overlap_ends(now),
    }))
}
