//! `POST /api/usage/track` and `GET /api/usage/balance/{external_id}`.

mod told;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use self::told::Told;
use super::body::Reply;
use super::caller::Caller;
use crate::gateway::Gateway;
use crate::problem::{Problem, Shape};
use crate::usage::balance::{self, Balance};
use crate::usage::check::Wrong;
use crate::usage::{self, Use, Verdict};

/// One event, or up to 1,000.
#[derive(utoipa::ToSchema)]
#[serde(untagged)]
#[expect(
    dead_code,
    clippy::large_enum_variant,
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
#[expect(dead_code, reason = "documents the same")]
pub(super) struct Many {
    events: Vec<Use>,
}

/// What was accepted.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_field_names, reason = "the word of the contract")]
pub(super) struct Accepted {
    accepted: usize,
    /// One for each event that was accepted, in order; Polar knows them as `external_id`.
    ids: Vec<String>,
    refused: usize,
    /// What became of each event, in order.
    results: Vec<Result>,
}

/// What became of one event: its id, or what is wrong with it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = UsageResult)]
pub(super) struct Result {
    /// Its line, in a body of lines; the first is 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// It was used before the period began that Polar bills now, and is billed with it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    late: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Wrong>,
}

/// Accepts usage, event by event: one that is wrong costs no other. With the 202 what is accepted is
/// durable; delivery to Polar follows, however long that takes.
#[utoipa::path(
    post,
    path = "/api/usage/track",
    tag = "usage",
    request_body(content(
        (Ask = "application/json"),
        (String = "application/x-ndjson"),
    ), description = "One event, up to 1,000 as `events`, or up to 10,000 on a line each"),
    responses(
        (status = 202, body = Accepted),
        (status = 400, description = "No event could be accepted", body = Shape),
        (status = 401, body = Shape),
        (status = 403, description = "A user's own token may not count usage", body = Shape),
        (status = 413, description = "More than 8 MiB", body = Shape),
        (status = 503, description = "Cannot be stored now; Retry-After says when", body = Shape),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn track(
    State(gateway): State<Gateway>,
    caller: Caller,
    told: Told,
) -> std::result::Result<Response, Problem> {
    // A negative amount is a credit, so that users must not count for themselves either.
    caller.must_be_server("usage:write")?;
    let verdicts = usage::record(&gateway, told.events).await?;
    let answer = Accepted::of(verdicts, told.lines.as_deref());
    Ok((StatusCode::ACCEPTED, Reply(answer)).into_response())
}

impl Accepted {
    fn of(verdicts: Vec<Verdict>, lines: Option<&[usize]>) -> Self {
        let mut ids = Vec::with_capacity(verdicts.len());
        let mut results = Vec::with_capacity(verdicts.len());
        for (number, verdict) in verdicts.into_iter().enumerate() {
            let line = lines.and_then(|lines| lines.get(number).copied());
            let (id, late, error) = match verdict {
                Verdict::Accepted { id, late } => (Some(id), late, None),
                Verdict::Refused(wrong) => (None, false, Some(wrong)),
            };
            ids.extend(id.clone());
            results.push(Result {
                line,
                id,
                late,
                error,
            });
        }
        Self {
            accepted: ids.len(),
            refused: results.len() - ids.len(),
            ids,
            results,
        }
    }
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
) -> std::result::Result<Reply<Balances>, Problem> {
    caller.must_act_for(&external_id, "usage:read")?;
    let meters = balance::of(&gateway, &external_id).await?;
    Ok(Reply(Balances {
        external_customer_id: external_id,
        meters,
    }))
}
