//! Starting a sandbox, and what its owner may ask of it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::MockConnectInfo;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use jiff::{SignedDuration, Timestamp};
use polarkit_model::Clock;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::engine::{AdvanceError, Engine, Restless};
use crate::storage::{Storage, StorageError};
use crate::world::World;
use crate::{control, face, files, page, seed};

/// How long calls under way may take once the sandbox is told to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

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
    /// The folder that keeps its world over a restart; without one the world lives in memory.
    pub data: Option<PathBuf>,
}

/// A running sandbox. A clone is another handle on the same one.
#[derive(Debug, Clone)]
pub struct Sandbox {
    address: SocketAddr,
    engine: Arc<Engine>,
}

/// The tokens of a sandbox.
#[derive(Clone)]
pub struct Credentials {
    /// Acts for the organization with every scope.
    pub access_token: String,
    /// May only read that organization's products.
    pub limited_access_token: String,
    /// Acts for another organization.
    pub other_access_token: String,
    /// The organization.
    pub organization_id: String,
    /// A secret for whoever adds a webhook endpoint by hand and wants to know its secret beforehand.
    pub webhook_secret: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("organization_id", &self.organization_id)
            .finish_non_exhaustive()
    }
}

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The listener has no address.
    #[error("the listener has no local address")]
    Listener(#[source] std::io::Error),
    /// The data folder cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Reading the data folder broke off.
    #[error("reading the data folder broke off")]
    Reading(#[from] tokio::task::JoinError),
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
        let (storage, saved) = match options.data {
            Some(folder) => open(folder).await?,
            None => (None, None),
        };
        let mut world = saved
            .unwrap_or_else(|| seed::world(options.seed, options.clock.now(), base_url.clone()));
        world.base_url = base_url;
        let kept = storage.is_some();
        let engine = Arc::new(Engine::new(world, options.clock, kept, stop.clone()));
        let tasks = engine.tasks();
        let served = CancellationToken::new();
        tasks.spawn(Arc::clone(&engine).work());
        tasks.spawn(serve(
            options.listener,
            app(Arc::clone(&engine)),
            stop,
            served.clone(),
        ));
        if let Some(storage) = storage {
            tasks.spawn(Arc::clone(&engine).write(storage, served));
        }
        tasks.close();
        Ok(Self { address, engine })
    }

    /// Starts a sandbox that listens nowhere: [`router`](Self::router) is the way in. Its world
    /// lives in memory and ends with it.
    pub fn without_port(seed: u64, clock: Arc<dyn Clock>, stop: CancellationToken) -> Self {
        let world = seed::world(seed, clock.now(), "http://sandbox.invalid".to_owned());
        let engine = Arc::new(Engine::new(world, clock, false, stop));
        let tasks = engine.tasks();
        tasks.spawn(Arc::clone(&engine).work());
        tasks.close();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self { address, engine }
    }

    /// Where it listens; port 0 if nowhere.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The tokens it was seeded with.
    pub fn credentials(&self) -> Option<Credentials> {
        self.engine.read(|world| {
            let credentials = world.credentials.as_ref()?;
            let token = |id| Some(world.access_tokens.find(id)?.token.clone());
            Some(Credentials {
                access_token: token(credentials.main)?,
                limited_access_token: token(credentials.limited)?,
                other_access_token: token(credentials.other)?,
                organization_id: credentials.organization.to_string(),
                webhook_secret: credentials.webhook_secret.clone(),
            })
        })
    }

    /// Its HTTP face without a socket in between: whoever calls it counts as this machine.
    pub fn router(&self) -> Router {
        let here = MockConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        app(Arc::clone(&self.engine)).layer(here)
    }

    /// The whole world as bytes: equal worlds have equal ones. Nothing else is to be read from them.
    pub fn dump(&self) -> Result<Vec<u8>, serde_json::Error> {
        self.engine.read(World::clone).to_bytes()
    }

    /// What time it is in there.
    pub fn now(&self) -> Timestamp {
        self.engine.now()
    }

    /// Lets time pass, with everything that falls due on the way. Says when it arrived.
    pub async fn advance(&self, by: SignedDuration) -> Result<Timestamp, AdvanceError> {
        self.engine.advance(|now| now.checked_add(by)).await
    }

    /// Waits until no work is left and no delivery is due or on its way.
    pub async fn settle(&self) -> Result<(), Restless> {
        self.engine.settle().await
    }

    /// Waits until everything has stopped and the world is saved.
    pub async fn join(self) {
        self.engine.tasks().wait().await;
    }
}

/// Opens the data folder and reads the world in it, off the threads that serve.
async fn open(folder: PathBuf) -> Result<(Option<Storage>, Option<World>), StartError> {
    let reading = tokio::task::spawn_blocking(move || {
        let mut storage = Storage::open(&folder)?;
        let world = storage.load()?;
        Ok((Some(storage), world))
    });
    reading.await?
}

fn app(engine: Arc<Engine>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok"))
        .merge(control::router())
        .merge(page::router())
        .merge(files::router())
        .fallback(face::serve)
        .layer(from_fn_with_state(Arc::clone(&engine), face::date))
        .with_state(engine)
}

/// Answers calls until `stop`, then finishes those under way; `served` says that none can come any more.
async fn serve(
    listener: TcpListener,
    app: Router,
    stop: CancellationToken,
    served: CancellationToken,
) {
    let stopped = stop.clone();
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, app)
        .with_graceful_shutdown(async move { stopped.cancelled().await })
        .into_future();
    let late = async {
        stop.cancelled().await;
        tokio::time::timeout(STOP_PATIENCE, std::future::pending::<()>()).await
    };
    tokio::select! {
        ended = server => if let Err(error) = ended {
            tracing::error!(%error, "the listener broke");
        },
        _ = late => {}
    }
    served.cancel();
}
