//! What buyers and their banks do about a payment, which no sandbox can wait for.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;

use super::{change, read};
use crate::engine::Engine;
use crate::resource::dispute::{self, DisputeStatus, Opening};

/// `POST /sandbox/orders/{id}/dispute`: all fields have defaults.
pub(super) async fn open(
    State(engine): State<Arc<Engine>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let example = r#"nothing, or {"status":"needs_response","amount":1000,"reason":"fraudulent","evidence_due_by":"2026-01-31T12:00:00Z"}"#;
    let body: &[u8] = if body.is_empty() { b"{}" } else { &body };
    let opening: Opening = match read(body, example) {
        Ok(opening) => opening,
        Err(refusal) => return *refusal,
    };
    change(&engine, &id, |world, order| {
        let id = dispute::open(world, order, opening)?;
        Ok(dispute::render(world, world.disputes.get(id)?).value())
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    status: DisputeStatus,
}

/// `POST /sandbox/disputes/{id}` `{"status": "won"}`.
pub(super) async fn turn(
    State(engine): State<Arc<Engine>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let Turn { status } = match read(&body, r#"{"status":"won"}"#) {
        Ok(turn) => turn,
        Err(refusal) => return *refusal,
    };
    change(&engine, &id, |world, id| {
        dispute::turn(world, id, status)?;
        Ok(dispute::render(world, world.disputes.get(id)?).value())
    })
}
