//! One delivery whole: what came, byte for byte.

use axum::extract::{Path, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Serialize;

use super::super::body::Reply;
use super::super::caller::Caller;
use super::{Delivery, instant};
use crate::gateway::Gateway;
use crate::problem::{Code, Problem, Shape};

/// A delivery with everything that is kept of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct Letter {
    #[serde(flatten)]
    delivery: Delivery,
    /// When Polar says it sent it.
    #[schema(value_type = String, format = DateTime)]
    sent_at: Timestamp,
    /// The headers that matter; no signature.
    #[schema(value_type = Object)]
    headers: serde_json::Value,
    /// The event as Polar sent it; none when it cannot be read.
    #[schema(value_type = Object)]
    event: serde_json::Value,
    /// The body, byte for byte as it was signed; none when it is no text.
    body: Option<String>,
    /// The same bytes in base64, when they are no text.
    body_base64: Option<String>,
}

/// Shows a delivery with its headers and its body.
#[utoipa::path(
    get,
    path = "/api/inbox/{webhook_id}",
    tag = "operations",
    params(("webhook_id" = String, Path, description = "Polar's id of the delivery")),
    responses((status = 200, body = Letter), (status = 401, body = Shape), (status = 403, body = Shape), (status = 404, body = Shape)),
    security(("bearer" = [])),
)]
pub(in crate::http) async fn show(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(webhook_id): Path<String>,
) -> Result<Reply<Letter>, Problem> {
    caller.must_be_server("inbox:read")?;
    let Some(letter) = gateway.store.letter(&webhook_id).await? else {
        let words = "There is no such delivery, or not any more";
        return Err(Problem::new(Code::NotFound, words));
    };
    let event = serde_json::from_slice(&letter.body).unwrap_or_default();
    let (body, body_base64) = match String::from_utf8(letter.body) {
        Ok(text) => (Some(text), None),
        Err(error) => (None, Some(STANDARD.encode(error.as_bytes()))),
    };
    Ok(Reply(Letter {
        delivery: Delivery::of(letter.listed),
        sent_at: instant(letter.sent_at),
        headers: serde_json::from_str(&letter.headers).unwrap_or_default(),
        event,
        body,
        body_base64,
    }))
}
