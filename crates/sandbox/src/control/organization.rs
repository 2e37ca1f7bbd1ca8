//! What only Polar's staff can do for an organization: open features to it, decide how it stands.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{change, read};
use crate::engine::Engine;
use crate::resource::organization::{self, OrganizationStatus};

/// `POST /sandbox/organizations/{id}/features` `{"off_session_charges_enabled": true}`.
pub(super) async fn features(
    State(engine): State<Arc<Engine>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let wanted: Map<String, Value> = match read(&body, r#"{"off_session_charges_enabled":true}"#) {
        Ok(wanted) => wanted,
        Err(refusal) => return *refusal,
    };
    change(&engine, &id, |world, id| {
        let features = organization::switch_features(world, id, &wanted)?;
        Ok(json!({"feature_settings": features}))
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Standing {
    status: OrganizationStatus,
}

/// `POST /sandbox/organizations/{id}/status` `{"status": "denied"}`.
pub(super) async fn status(
    State(engine): State<Arc<Engine>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let Standing { status } = match read(&body, r#"{"status":"active"}"#) {
        Ok(wanted) => wanted,
        Err(refusal) => return *refusal,
    };
    change(&engine, &id, |world, id| {
        world.organizations.get(id)?;
        organization::set_status(world, id, status);
        Ok(json!({"status": status, "capabilities": status.capabilities()}))
    })
}
