//! `POST /api/usage/track` and `GET /api/usage/balance/{external_id}`.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::body::{Body, Reply, misread};
use super::caller::Caller;
use crate::gateway::Gateway;
use crate::problem::{Problem, Shape};
use crate::usage::balance::{self, Balance};
use crate::usage::{self, Use};

/// One event, or up to 1,000.
#[derive(utoipa::ToSchema)]
#[serde(untagged)]
#[expect(
    dead_code,
    reason = "documents a body that is read by hand, for better errors"
)]
#[schema(as = UsageTrack)]
pub(super) enum Ask {
    /// Several.
    Many(Many),
    /// Just one.
    One(Use),
}

/// Several events.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct Many {
    events: Vec<Use>,
}

/// What was accepted.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Accepted {
    accepted: usize,
    /// One for each event, in order; Polar knows them as `external_id`.
    ids: Vec<String>,
}

/// Accepts usage. With the 202 it is durable; delivery to Polar follows, however long that takes.
#[utoipa::path(
    post,
    path = "/api/usage/track",
    tag = "usage",
    request_body = Ask,
    responses(
        (status = 202, body = Accepted),
        (status = 400, body = Shape),
        (status = 401, body = Shape),
        (status = 403, description = "A user's own token may not count usage", body = Shape),
        (status = 503, description = "Cannot be stored now; Retry-After says when", body = Shape),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn track(
    State(gateway): State<Gateway>,
    caller: Caller,
    Body(ask): Body<serde_json::Value>,
) -> Result<Response, Problem> {
    // A negative amount is a credit, so that users must not count for themselves either.
    caller.must_be_server("usage:write")?;
    let uses = if ask.get("events").is_some() {
        read::<Many>(ask)?.events
    } else {
        vec![read::<Use>(ask)?]
    };
    let ids = usage::record(&gateway, uses).await?;
    let accepted = Accepted {
        accepted: ids.len(),
        ids,
    };
    Ok((StatusCode::ACCEPTED, Reply(accepted)).into_response())
}

fn read<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| misread(error.path(), error.inner()))
}

/// What a customer has left.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Balances {
    external_customer_id: String,
    meters: Vec<Balance>,
}

/// Tells what a customer has left of each meter.
#[utoipa::path(
    get,
    path = "/api/usage/balance/{external_id}",
    tag = "usage",
    params(("external_id" = String, Path, description = "The application's id of the customer")),
    responses(
        (status = 200, body = Balances),
        (status = 401, body = Shape),
        (status = 403, body = Shape),
        (status = 503, description = "Polar cannot be reached", body = Shape),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn balance(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(external_id): Path<String>,
) -> Result<Reply<Balances>, Problem> {
    caller.must_act_for(&external_id, "usage:read")?;
    let meters = balance::of(&gateway, &external_id).await?;
    Ok(Reply(Balances {
        external_customer_id: external_id,
        meters,
    }))
}
