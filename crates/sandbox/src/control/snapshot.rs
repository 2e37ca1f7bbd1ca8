//! Other worlds in the place of this one: the seeded one again, or a copy put aside.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::{clock, refused};
use crate::engine::Engine;
use crate::face;

/// The seeded world again. Tokens stay what they were, because the seed does.
pub(super) async fn reset(State(engine): State<Arc<Engine>>) -> Response {
    engine.reset().await;
    clock::show(State(engine)).await
}

/// Which snapshot is meant; there may be several.
#[derive(Debug, Deserialize)]
#[serde(default)]
struct Snapshot {
    name: String,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self {
            name: "default".to_owned(),
        }
    }
}

/// Puts a copy of the world aside, in memory.
pub(super) async fn save(State(engine): State<Arc<Engine>>, body: Bytes) -> Response {
    let Some(Snapshot { name }) = named(&body) else {
        return refused(422, "BadRequest", NAME);
    };
    match engine.put_aside(&name) {
        Ok(()) => face::json(200, &json!({"name": name})),
        Err(full) => refused(409, "TooManySnapshots", &full.to_string()),
    }
}

/// Goes back to a copy.
pub(super) async fn restore(State(engine): State<Arc<Engine>>, body: Bytes) -> Response {
    let Some(Snapshot { name }) = named(&body) else {
        return refused(422, "BadRequest", NAME);
    };
    // A world is too large for the stack of whoever waits.
    if Box::pin(engine.bring_back(&name)).await {
        face::json(200, &json!({"name": name}))
    } else {
        refused(
            404,
            "ResourceNotFound",
            "There is no snapshot of that name.",
        )
    }
}

const NAME: &str = r#"Send nothing, or {"name":"…"}."#;

fn named(body: &[u8]) -> Option<Snapshot> {
    if body.is_empty() {
        return Some(Snapshot::default());
    }
    serde_json::from_slice(body).ok()
}
