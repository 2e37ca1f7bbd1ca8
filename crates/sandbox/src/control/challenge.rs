//! The customer's step at the bank, which no sandbox can show.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::{change, read};
use crate::engine::Engine;
use crate::resource::checkout;

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
    let asked: Challenge = match read(&body, r#"{"outcome":"succeeded"} or "failed""#) {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let succeeded = asked.outcome == Outcome::Succeeded;
    change(&engine, &id, |world, id| {
        checkout::challenge(world, id, succeeded)?;
        Ok(json!({"outcome": if succeeded { "succeeded" } else { "failed" }}))
    })
}
