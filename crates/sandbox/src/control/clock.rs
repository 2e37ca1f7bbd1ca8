//! The world's time: read, moved, and waited out.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::engine::{AdvanceError, Engine};
use crate::face;
use crate::render;
use crate::world::World;

/// What time it is.
pub(super) async fn show(State(engine): State<Arc<Engine>>) -> Response {
    let now = engine.read(World::now);
    face::json(200, &json!({"now": render::time(now)}))
}

/// How far to move, or where to.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Move {
    Advance(Span),
    Now(Timestamp),
}

/// Moves the clock, and answers once everything due on the way has happened.
pub(super) async fn move_clock(State(engine): State<Arc<Engine>>, body: Bytes) -> Response {
    let asked: Move = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => {
            let detail = format!(
                r#"Send {{"advance":"P31D"}} or {{"now":"2026-01-31T12:00:00Z"}}: {error}"#
            );
            return refused(422, "BadRequest", &detail);
        }
    };
    let target = |now: Timestamp| match asked {
        Move::Now(moment) => Ok(moment),
        Move::Advance(span) => {
            let there = now.to_zoned(TimeZone::UTC).checked_add(span);
            there.map(|there| there.timestamp())
        }
    };
    match engine.advance(target).await {
        Ok(now) => face::json(200, &json!({"now": render::time(now)})),
        Err(AdvanceError::Restless(restless)) => refused(504, "NotSettled", &restless.to_string()),
        Err(error) => refused(422, "BadRequest", &error.to_string()),
    }
}

/// Answers once nothing is left to do.
pub(super) async fn settle(State(engine): State<Arc<Engine>>) -> Response {
    match engine.settle().await {
        Ok(()) => face::json(200, &json!({"settled": true})),
        Err(restless) => refused(504, "NotSettled", &restless.to_string()),
    }
}
