//! What customers do elsewhere before a benefit can be granted.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;

use super::{change, read};
use crate::engine::Engine;
use crate::resource::grant;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Connected {
    account: String,
}

/// `POST /sandbox/grants/{id}` `{"account": "jane"}`.
pub(super) async fn connect(
    State(engine): State<Arc<Engine>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let Connected { account } = match read(&body, r#"{"account":"jane"}"#) {
        Ok(connected) => connected,
        Err(refusal) => return *refusal,
    };
    change(&engine, &id, |world, id| {
        grant::connect(world, id, &account)?;
        Ok(grant::render(world, world.grants.get(id)?).value())
    })
}
