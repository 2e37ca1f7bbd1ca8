//! What would have been written to customers: codes to sign in with, invitations, links.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, RawQuery, State};
use axum::response::Response;
use http::HeaderMap;
use url::form_urlencoded;

use super::{guard, refused};
use crate::engine::Engine;
use crate::face;
use crate::resource::mail;

/// `GET /sandbox/mails?to=…`: newest first. They let their readers into the portal, so only who sits at this
/// machine may ask.
pub(super) async fn list(
    State(engine): State<Arc<Engine>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if !guard::is_this_machine(peer, &headers) {
        return refused(
            403,
            "NotPermitted",
            "Letters are shown to this machine only.",
        );
    }
    let query = query.unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let to = pairs.find(|(name, _)| name == "to").map(|(_, to)| to);
    face::json(200, &engine.read(|world| mail::list(world, to.as_deref())))
}
