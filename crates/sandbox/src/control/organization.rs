//! What only Polar's staff can do for an organization: open features to it, decide how it stands.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::refused;
use crate::engine::Engine;
use crate::face;
use crate::failure::Failure;
use crate::resource::organization::{self, Organization, OrganizationStatus};
use crate::world::{Id, World};

/// `POST /sandbox/organizations/{id}/features` `{"off_session_charges_enabled": true}`.
pub(super) async fn features(
    State(engine): State<Arc<Engine>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let wanted: Map<String, Value> = match serde_json::from_slice(&body) {
        Ok(wanted) => wanted,
        Err(error) => {
            let detail = format!(r#"Send {{"off_session_charges_enabled":true}}: {error}"#);
            return refused(422, "BadRequest", &detail);
        }
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
    let Standing { status } = match serde_json::from_slice(&body) {
        Ok(wanted) => wanted,
        Err(error) => {
            let detail = format!(r#"Send {{"status":"active"}}: {error}"#);
            return refused(422, "BadRequest", &detail);
        }
    };
    change(&engine, &id, |world, id| {
        world.organizations.get(id)?;
        organization::set_status(world, id, status);
        Ok(json!({"status": status, "capabilities": status.capabilities()}))
    })
}

fn change(
    engine: &Engine,
    id: &str,
    act: impl FnOnce(&mut World, Id<Organization>) -> Result<Value, Failure>,
) -> Response {
    let Some(id) = Id::parse(id) else {
        return face::failure(Failure::not_found());
    };
    match engine.change(|world| act(world, id)) {
        Ok(done) => face::json(200, &done),
        Err(failure) => face::failure(failure),
    }
}
