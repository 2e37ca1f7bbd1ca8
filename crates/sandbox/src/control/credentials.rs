//! The tokens a sandbox was seeded with.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use http::HeaderMap;
use serde_json::json;

use super::{guard, refused};
use crate::engine::Engine;
use crate::face;

/// The tokens. Only who sits at this machine may ask.
pub(super) async fn show(
    State(engine): State<Arc<Engine>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    if !guard::is_this_machine(peer, &headers) {
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
