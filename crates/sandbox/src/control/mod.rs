//! The control face: what a test or a developer may do to a sandbox that nobody may do to Polar.

mod challenge;
mod clock;
mod credentials;
mod guard;
mod mails;
mod organization;
mod snapshot;

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::response::Response;
use axum::routing::{any, get, post};
use serde_json::json;

use crate::engine::Engine;
use crate::face;

/// The routes under `/sandbox`.
pub(crate) fn router() -> Router<Arc<Engine>> {
    Router::new()
        .route("/sandbox/credentials", get(credentials::show))
        .route("/sandbox/clock", get(clock::show).post(clock::move_clock))
        .route("/sandbox/settle", post(clock::settle))
        .route("/sandbox/mails", get(mails::list))
        .route("/sandbox/reset", post(snapshot::reset))
        .route("/sandbox/snapshot", post(snapshot::save))
        .route("/sandbox/restore", post(snapshot::restore))
        .route("/sandbox/checkouts/{id}/challenge", post(challenge::answer))
        .route(
            "/sandbox/organizations/{id}/features",
            post(organization::features),
        )
        .route(
            "/sandbox/organizations/{id}/status",
            post(organization::status),
        )
        .route("/sandbox/faults", any(faults))
        .route("/sandbox/scenarios/{name}", any(scenarios))
        .route_layer(middleware::from_fn(guard::refuse_other_sites))
}

async fn faults() -> Response {
    not_yet("faults")
}

async fn scenarios() -> Response {
    not_yet("scenarios")
}

fn not_yet(what: &str) -> Response {
    let detail = format!("{what} are not part of this sandbox yet.");
    refused(501, "NotImplemented", &detail)
}

fn refused(status: u16, error: &str, detail: &str) -> Response {
    face::json(status, &json!({"error": error, "detail": detail}))
}
