//! How a client is made.

use std::{fmt, sync::Arc, time::Duration};

use polarkit_model::{Clock, Secret};

use crate::{
    client::{Polar, Settings, Shared},
    clock::SystemClock,
    environment::EnvironmentError,
    limit::{Limiter, Limits},
    message::bearer,
    retry::Retry,
    server::{Server, ServerError},
    server_time::Listener,
    transport::{BoxError, Transport},
    version::Version,
};

/// A client about to be made.
#[derive(Clone)]
#[must_use]
pub struct Builder {
    settings: Settings,
    token: Option<Secret>,
    transport: Option<Arc<dyn Transport>>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            settings: Settings {
                server: Server::default(),
                version: Version::PINNED,
                timeout: Duration::from_secs(30),
                retry: Retry::default(),
                limits: None,
                clock: Arc::new(SystemClock),
            },
            token: None,
            transport: None,
        }
    }
}

impl Builder {
    /// Which Polar is meant; the real one unless told otherwise.
    pub fn server(mut self, server: Server) -> Self {
        self.settings.server = server;
        self
    }

    /// Who is asking. Without a token only what is open to everybody answers.
    pub fn token(mut self, token: impl Into<Secret>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Which version of the API to ask for: [`Version::PINNED`] unless told otherwise.
    pub fn version(mut self, version: impl Into<Version>) -> Self {
        self.settings.version = version.into();
        self
    }

    /// How long one attempt may take from beginning to end; 30 s unless told otherwise.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// Whether to try again.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.settings.retry = retry;
        self
    }

    /// Which rate limits to keep to; those of the server unless told otherwise.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = Some(limits);
        self
    }

    /// Who tells the local time.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.settings.clock = clock;
        self
    }

    /// What carries the requests: with the feature `reqwest` that needs no telling.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// The client.
    pub fn build(self) -> Result<Polar, BuildError> {
        let server = self.settings.server.checked()?;
        if self
            .token
            .as_ref()
            .is_some_and(|token| bearer(token).is_none())
        {
            return Err(BuildError::Token);
        }
        let given = self.transport;
        let carry = || given.clone().map_or_else(|| default_transport(&server), Ok);
        let transport = carry()?;
        #[cfg(feature = "blocking")]
        let background = crate::blocking::Background::new(carry()?);
        let limits = self.settings.limits.unwrap_or(Limits::of(&server));
        let shared = Shared {
            limiter: Limiter::new(limits),
            server_time: Listener::default(),
            #[cfg(feature = "blocking")]
            background,
            settings: Settings {
                server,
                ..self.settings
            },
        };
        Ok(Polar {
            shared: Arc::new(shared),
            transport,
            token: self.token,
        })
    }
}

#[cfg(feature = "reqwest")]
fn default_transport(server: &Server) -> Result<Arc<dyn Transport>, BuildError> {
    let network = crate::transport::Network::new(server.is_encrypted())?;
    Ok(Arc::new(network))
}

#[cfg(not(feature = "reqwest"))]
fn default_transport(_server: &Server) -> Result<Arc<dyn Transport>, BuildError> {
    Err(BuildError::NoTransport)
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("server", &self.settings.server)
            .finish_non_exhaustive()
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The environment doesn't say what it must.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The server's address is none.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The token can't be sent: it has a line break in it, perhaps the one its file ends with.
    #[error("the token cannot stand in a header: is there a line break at its end?")]
    Token,
    /// The platform's certificates could not be used.
    #[error(
        "the system's certificates cannot be used (is a package such as ca-certificates installed?)"
    )]
    Tls(#[source] BoxError),
    /// The HTTP client could not be made.
    #[error("no HTTP client could be made")]
    Client(#[source] BoxError),
    /// There is nothing to carry the requests.
    #[error("no transport: turn on the feature `reqwest`, or give one to `Builder::transport`")]
    NoTransport,
}
