//! The customer's step at the bank, which no sandbox can show.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::engine::Engine;
use crate::face;
use crate::failure::Failure;
use crate::resource::checkout;
use crate::world::Id;

/// How the customer's bank decided.
#[derive(Debug, Deserialize)]
struct Challenge {
    outcome: Outcome,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Succeeded,
    Failed,
}

/// The customer's 3-D Secure step of a checkout that waits for it.
pub(super) async fn answer(
    State(engine): State<Arc<Engine>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let asked: Challenge = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => {
            let detail = format!(r#"Send {{"outcome":"succeeded"}} or "failed": {error}"#);
            return refused(422, "BadRequest", &detail);
        }
    };
    let succeeded = asked.outcome == Outcome::Succeeded;
    let Some(id) = Id::parse(&id) else {
        return face::failure(Failure::not_found());
    };
    match engine.change(|world| checkout::challenge(world, id, succeeded)) {
        Ok(()) => face::json(
            200,
            &json!({"outcome": if succeeded { "succeeded" } else { "failed" }}),
        ),
        Err(failure) => face::failure(failure),
    }
}
