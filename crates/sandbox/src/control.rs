//! The control face: what a test or a developer may do to a sandbox that nobody may do to Polar.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

use crate::engine::Engine;
use crate::face;
use crate::render;
use crate::world::World;

/// The routes under `/sandbox`.
pub(crate) fn router() -> Router<Arc<Engine>> {
    Router::new()
        .route("/sandbox/credentials", get(credentials))
        .route("/sandbox/clock", get(clock))
}

/// The tokens. Only who sits at this machine may ask.
async fn credentials(
    State(engine): State<Arc<Engine>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
) -> Response {
    if !peer.ip().to_canonical().is_loopback() {
        return refused(
            403,
            "NotPermitted",
            "Credentials are given to this machine only.",
        );
    }
    let body = engine.read(|world| {
        let credentials = world.credentials.as_ref()?;
        let token = |id| world.access_tokens.find(id).map(|row| row.token.as_str());
        Some(json!({
            "access_token": token(credentials.main),
            "organization_id": credentials.organization,
            "webhook_secret": credentials.webhook_secret,
            "limited_access_token": token(credentials.limited),
            "other_access_token": token(credentials.other),
        }))
    });
    match body {
        Some(body) => face::json(200, &body),
        None => refused(404, "ResourceNotFound", "This world has no credentials."),
    }
}

async fn clock(State(engine): State<Arc<Engine>>) -> Response {
    let now = engine.read(World::now);
    face::json(200, &json!({"now": render::time(now)}))
}

fn refused(status: u16, error: &str, detail: &str) -> Response {
    face::json(status, &json!({"error": error, "detail": detail}))
}
