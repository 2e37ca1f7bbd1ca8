//! The control face: what a test or a developer may do to a sandbox that nobody may do to Polar.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{any, get, post};
use bytes::Bytes;
use http::HeaderMap;
use http::header::{HOST, ORIGIN};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::Deserialize;
use serde_json::json;
use url::{Host, Url};

use crate::engine::Engine;
use crate::face;
use crate::failure::Failure;
use crate::render;
use crate::resource::checkout;
use crate::world::{Id, World};

/// The routes under `/sandbox`.
pub(crate) fn router() -> Router<Arc<Engine>> {
    Router::new()
        .route("/sandbox/credentials", get(credentials))
        .route("/sandbox/clock", get(clock).post(move_clock))
        .route("/sandbox/settle", post(settle))
        .route("/sandbox/reset", post(reset))
        .route("/sandbox/snapshot", post(snapshot))
        .route("/sandbox/restore", post(restore))
        .route("/sandbox/checkouts/{id}/challenge", post(challenge))
        .route("/sandbox/faults", any(faults))
        .route("/sandbox/scenarios/{name}", any(scenarios))
        .route_layer(middleware::from_fn(refuse_other_sites))
}

/// The tokens. Only who sits at this machine may ask.
async fn credentials(
    State(engine): State<Arc<Engine>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    if !peer.ip().to_canonical().is_loopback() || !names_this_machine(&headers) {
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

/// A page of another site can make a browser post here, but not hide where it comes from.
async fn refuse_other_sites(request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN);
    if origin.is_some_and(|origin| !origin.to_str().is_ok_and(is_this_machine)) {
        return refused(
            403,
            "NotPermitted",
            "Pages of other sites may not ask this.",
        );
    }
    next.run(request).await
}

/// False when a name that is not this machine's was resolved to it.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| is_this_machine(&format!("http://{host}")))
}

fn is_this_machine(url: &str) -> bool {
    let url = Url::parse(url).ok();
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    }
}

async fn clock(State(engine): State<Arc<Engine>>) -> Response {
    let now = engine.read(World::now);
    face::json(200, &json!({"now": render::time(now)}))
}

/// How far to move, or where to.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Move {
    Advance(Span),
    Now(Timestamp),
}

/// Moves the clock, and answers once everything due on the way has happened.
async fn move_clock(State(engine): State<Arc<Engine>>, body: Bytes) -> Response {
    let asked: Move = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => {
            let detail = format!(
                r#"Send {{"advance":"P31D"}} or {{"now":"2026-01-31T12:00:00Z"}}: {error}"#
            );
            return refused(422, "BadRequest", &detail);
        }
    };
    let target = |now: Timestamp| match asked {
        Move::Now(moment) => Ok(moment),
        Move::Advance(span) => {
            let there = now.to_zoned(TimeZone::UTC).checked_add(span);
            there.map(|there| there.timestamp())
        }
    };
    match engine.advance(target).await {
        Ok(Ok(now)) => face::json(200, &json!({"now": render::time(now)})),
        Ok(Err(restless)) => refused(504, "NotSettled", &restless.to_string()),
        Err(error) => refused(422, "BadRequest", &error.to_string()),
    }
}

async fn settle(State(engine): State<Arc<Engine>>) -> Response {
    match engine.settle().await {
        Ok(()) => face::json(200, &json!({"settled": true})),
        Err(restless) => refused(504, "NotSettled", &restless.to_string()),
    }
}

/// The seeded world again. Tokens stay what they were, because the seed does.
async fn reset(State(engine): State<Arc<Engine>>) -> Response {
    engine.reset().await;
    clock(State(engine)).await
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
async fn snapshot(State(engine): State<Arc<Engine>>, body: Bytes) -> Response {
    let Some(Snapshot { name }) = named(&body) else {
        return refused(422, "BadRequest", NAME);
    };
    match engine.put_aside(&name) {
        Ok(()) => face::json(200, &json!({"name": name})),
        Err(full) => refused(409, "TooManySnapshots", &full.to_string()),
    }
}

/// Goes back to a copy.
async fn restore(State(engine): State<Arc<Engine>>, body: Bytes) -> Response {
    let Some(Snapshot { name }) = named(&body) else {
        return refused(422, "BadRequest", NAME);
    };
    if engine.bring_back(&name).await {
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
async fn challenge(
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
