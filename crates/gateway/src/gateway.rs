//! The handles all of the gateway's code shares.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use polarkit::webhooks::SecretError;
use polarkit_model::Clock;
use polarkit_store::Store;
use secrecy::ExposeSecret as _;
use tokio::sync::{Notify, watch};

use crate::checkout::Checkouts;
use crate::config::Config;
use crate::entitlement::view::View;
use crate::hook::Hooks;
use crate::http::health::Connection;
use crate::inbox::sender::Senders;
use crate::keys::Keys;
use crate::license::Licenses;
use crate::limit::Limiter;
use crate::metering::afterwards::Afterwards;
use crate::metrics::Metrics;
use crate::reconcile::Reconcile;
use crate::shared::{NoRedis, Shared};
use crate::subscriber;
use crate::subscriber::post::{Poster, Unbuilt};
use crate::subscriber::stream::Readers;
use crate::time::Time;
use crate::upstream::{Polar, Unusable};
use crate::usage::balance::Meters;
use crate::usage::period::Periods;
use crate::usage::reservation::Spenders;
use crate::watchdog::Watch;

/// A gateway, opened: cheap to clone, ready to be served.
#[derive(Debug, Clone)]
pub struct Gateway(Arc<Parts>);

/// What a gateway is made of.
pub struct Parts {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) shared: Shared,
    pub(crate) time: Time,
    pub(crate) polar: Polar,
    pub(crate) senders: Senders,
    pub(crate) keys: Keys,
    pub(crate) view: View,
    pub(crate) checkouts: Checkouts,
    pub(crate) licenses: Licenses,
    pub(crate) meters: Meters,
    pub(crate) limiter: Limiter,
    pub(crate) periods: Periods,
    /// Those who change what is reserved, one after another.
    pub(crate) spenders: Spenders,
    pub(crate) metrics: Metrics,
    pub(crate) afterwards: Afterwards,
    pub(crate) connection: Connection,
    pub(crate) hooks: Option<Arc<dyn Hooks>>,
    pub(crate) reconcile: Reconcile,
    pub(crate) watchdog: Watch,
    /// A webhook was stored.
    pub(crate) mail_came: Notify,
    /// Usage was stored.
    pub(crate) usage_came: Notify,
    /// Something was put into the outbox, or into a subscriber's line.
    pub(crate) told: watch::Sender<u64>,
    pub(crate) poster: Poster,
    pub(crate) readers: Readers,
}

/// Why a gateway could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The database cannot be used.
    #[error("DATABASE_URL: the database cannot be used")]
    Store(#[from] polarkit_store::Error),
    /// No Redis can be reached by what configuration says.
    #[error("REDIS_URL")]
    Redis(#[from] NoRedis),
    /// The client for Polar cannot be built.
    #[error("the client for Polar cannot be built")]
    Polar(#[from] Unusable),
    /// The client for webhooks cannot be built.
    #[error("subscribers cannot be told")]
    Poster(#[from] Unbuilt),
    /// Deliveries can't be told from forgeries.
    #[error("POLAR_WEBHOOK_SECRET: deliveries cannot be verified")]
    WebhookSecret(#[from] SecretError),
}

impl OpenError {
    /// What whoever runs the gateway can do about it, where that can be said.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Store(error) => error.remedy(),
            Self::Polar(_) | Self::Poster(_) | Self::WebhookSecret(_) | Self::Redis(_) => None,
        }
    }
}

impl Gateway {
    /// Opens the store and everything else; nothing runs before [`crate::serve`].
    pub async fn open(config: Config, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Self::open_with_hooks(config, clock, None).await
    }

    /// The same, for an application that wants to be told in Rust.
    pub async fn open_with_hooks(
        config: Config,
        clock: Arc<dyn Clock>,
        hooks: Option<Arc<dyn Hooks>>,
    ) -> Result<Self, OpenError> {
        let time = Time::new(clock);
        let now = time.local().as_microsecond();
        let store = Store::open_to_serve(config.database_url.expose_secret(), now).await?;
        let shared = Shared::new(&config)?;
        let polar = Polar::new(&config, time.clone())?;
        if hooks.is_some() {
            subscriber::enlist_hooks(&store, time.local()).await?;
        }
        Ok(Self(Arc::new(Parts {
            senders: Senders::new(&config)?,
            keys: Keys::new(&config.api_keys),
            view: View::new(
                store.clone(),
                shared.clone(),
                config.access.customers_held(),
            ),
            checkouts: Checkouts::new(),
            licenses: Licenses::new(&config),
            meters: Meters::new(),
            limiter: Limiter::default(),
            periods: Periods::new(),
            spenders: Spenders::new(),
            metrics: Metrics::new(),
            afterwards: Afterwards::default(),
            connection: Connection::default(),
            hooks,
            reconcile: Reconcile::new(&config),
            watchdog: Watch::new(),
            mail_came: Notify::new(),
            usage_came: Notify::new(),
            told: watch::Sender::new(0),
            poster: Poster::new(&config)?,
            readers: Readers::new(),
            config,
            store,
            shared,
            time,
            polar,
        })))
    }

    /// Something waits to be told.
    pub(crate) fn nudge(&self) {
        self.told
            .send_modify(|times| *times = times.wrapping_add(1));
    }

    /// The store, for chores such as making keys.
    pub fn store(&self) -> &Store {
        &self.0.store
    }
}

impl Deref for Gateway {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
