//! `GET /`, `GET /health` and `GET /ready`: alive, connected, fit for traffic.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::body::Reply;
use crate::gateway::Gateway;
use crate::time::pause;

/// How often Polar is asked whether it is there; probes are answered from memory.
const ASK_EVERY: Duration = Duration::from_secs(30);
/// After a failure, sooner.
const ASK_AGAIN: Duration = Duration::from_secs(3);
/// A webhook that waited longer means the projection is not keeping up.
const LAG_SECONDS_MAX: i64 = 60;

/// Whether Polar answered when last asked.
#[derive(Debug, Default)]
pub(crate) struct Connection(AtomicBool);

/// The guide's own words.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Greeting {
    message: &'static str,
    status: &'static str,
}

/// Says what this is.
#[utoipa::path(get, path = "/", tag = "health", responses((status = 200, body = Greeting)))]
pub(super) async fn greet() -> Reply<Greeting> {
    Reply(Greeting {
        message: "Polar Integration API",
        status: "running",
    })
}

/// The guide's own two fields.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Health {
    status: &'static str,
    /// Whether Polar accepted the gateway's credentials when last asked, under a minute ago.
    polar_connected: bool,
}

/// Is the process alive? Never waits for anything.
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, body = Health)))]
pub(super) async fn health(State(gateway): State<Gateway>) -> Reply<Health> {
    let polar_connected = gateway.connection.0.load(Ordering::Relaxed);
    Reply(Health {
        status: "ok",
        polar_connected,
    })
}

/// Why traffic should, or should not, come here.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Readiness {
    ready: bool,
    store: bool,
    inbox_pending: i64,
    inbox_lag_seconds: i64,
}

/// Is it fit for traffic? Polar being away does not matter: webhooks and access still work.
#[utoipa::path(
    get,
    path = "/ready",
    tag = "health",
    responses((status = 200, body = Readiness), (status = 503, body = Readiness)),
)]
pub(super) async fn ready(State(gateway): State<Gateway>) -> Response {
    let backlog = gateway.store.inbox_backlog().await;
    let (store, pending, oldest) = match backlog {
        Ok(backlog) => (true, backlog.pending, backlog.oldest),
        Err(_) => (false, 0, None),
    };
    let now = gateway.time.local().as_microsecond();
    let lag = oldest.map_or(0, |oldest| (now - oldest).max(0) / 1_000_000);
    let ready = store && lag <= LAG_SECONDS_MAX;
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let readiness = Readiness {
        ready,
        store,
        inbox_pending: pending,
        inbox_lag_seconds: lag,
    };
    (status, Reply(readiness)).into_response()
}

/// Asks Polar now and then whether it is there.
pub(crate) async fn watch(gateway: Gateway, stop: CancellationToken) {
    loop {
        let there = tokio::select! {
            () = stop.cancelled() => return,
            asked = gateway.polar.is_there() => asked,
        };
        let before = gateway.connection.0.swap(there, Ordering::Relaxed);
        if before != there {
            tracing::info!(connected = there, "connection to Polar changed");
        }
        gateway.metrics.upkeep();
        tokio::select! {
            () = stop.cancelled() => return,
            () = pause(if there { ASK_EVERY } else { ASK_AGAIN }) => {}
        }
    }
}
