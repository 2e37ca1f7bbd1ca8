//! Starting a sandbox, and what its owner may ask of it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use jiff::{SignedDuration, Timestamp};
use polarkit_model::Clock;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::engine::{Engine, Restless};
use crate::{control, face, page, seed};

/// How to start a sandbox.
#[derive(Debug)]
pub struct Options {
    /// Where it listens.
    pub listener: TcpListener,
    /// What its ids and tokens follow from.
    pub seed: u64,
    /// The clock it follows until it is moved.
    pub clock: Arc<dyn Clock>,
    /// Where browsers reach it, when that is not the listener's own address.
    pub public_url: Option<String>,
}

/// A running sandbox. A clone is another handle on the same one.
#[derive(Debug, Clone)]
pub struct Sandbox {
    address: SocketAddr,
    engine: Arc<Engine>,
}

/// The tokens of a sandbox.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Acts for the organization with every scope.
    pub access_token: String,
    /// The organization.
    pub organization_id: String,
}

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The listener has no address.
    #[error("the listener has no local address")]
    Listener(#[source] std::io::Error),
}

/// Why time did not pass as asked.
#[derive(Debug, thiserror::Error)]
pub enum AdvanceError {
    /// There is no such time.
    #[error("there is no such time")]
    Beyond(#[from] jiff::Error),
    /// The world went on having something to do.
    #[error(transparent)]
    Restless(#[from] Restless),
}

impl Sandbox {
    /// Starts a sandbox that runs until `stop` is cancelled.
    pub async fn start(options: Options, stop: CancellationToken) -> Result<Self, StartError> {
        let address = options
            .listener
            .local_addr()
            .map_err(StartError::Listener)?;
        let base_url = options
            .public_url
            .unwrap_or_else(|| format!("http://{address}"));
        let world = seed::world(options.seed, options.clock.now(), base_url);
        let engine = Arc::new(Engine::new(world, options.clock, stop.clone()));
        let tasks = engine.tasks();
        let worker = Arc::clone(&engine);
        tasks.spawn(worker.work());
        let app = app(Arc::clone(&engine)).into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(options.listener, app)
            .with_graceful_shutdown(async move { stop.cancelled().await });
        tasks.spawn(async move { server.await });
        tasks.close();
        Ok(Self { address, engine })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The tokens it was seeded with.
    pub fn credentials(&self) -> Option<Credentials> {
        self.engine.read(|world| {
            let credentials = world.credentials.as_ref()?;
            let row = world.access_tokens.find(credentials.main)?;
            Some(Credentials {
                access_token: row.token.clone(),
                organization_id: credentials.organization.to_string(),
            })
        })
    }

    /// What time it is in there.
    pub fn now(&self) -> Timestamp {
        self.engine.now()
    }

    /// Lets time pass, with everything that falls due on the way. Says when it arrived.
    pub async fn advance(&self, by: SignedDuration) -> Result<Timestamp, AdvanceError> {
        Ok(self.engine.advance(|now| now.checked_add(by)).await??)
    }

    /// Waits until everything has stopped.
    pub async fn join(self) {
        self.engine.tasks().wait().await;
    }
}

fn app(engine: Arc<Engine>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok"))
        .merge(control::router())
        .merge(page::router())
        .fallback(face::serve)
        .with_state(engine)
}
