//! The control face: what a test or a developer may do to a sandbox that nobody may do to Polar.

mod challenge;
mod clock;
mod credentials;
mod dispute;
mod grant;
mod guard;
mod mails;
mod organization;
mod refund;
mod snapshot;

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::response::Response;
use axum::routing::{any, get, post};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::face;
use crate::failure::Failure;
use crate::world::{Id, World};

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
        .route("/sandbox/orders/{id}/dispute", post(dispute::open))
        .route("/sandbox/disputes/{id}", post(dispute::turn))
        .route("/sandbox/orders/{id}/refunds", post(refund::block))
        .route("/sandbox/refunds/{id}", post(refund::settle))
        .route("/sandbox/grants/{id}", post(grant::connect))
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

/// A body as it should be, or an answer that shows by `example` how it should.
fn read<T: DeserializeOwned>(body: &[u8], example: &str) -> Result<T, Box<Response>> {
    serde_json::from_slice(body).map_err(|error| {
        let detail = format!("Send {example}: {error}");
        Box::new(refused(422, "BadRequest", &detail))
    })
}

/// Changes the row with the id in the path, and says how it is then.
fn change<T>(
    engine: &Engine,
    id: &str,
    act: impl FnOnce(&mut World, Id<T>) -> Result<Value, Failure>,
) -> Response {
    let Some(id) = Id::parse(id) else {
        return face::failure(Failure::not_found());
    };
    match engine.change(|world| act(world, id)) {
        Ok(done) => face::json(200, &done),
        Err(failure) => face::failure(failure),
    }
}

fn refused(status: u16, error: &str, detail: &str) -> Response {
    face::json(status, &json!({"error": error, "detail": detail}))
}
