//! How a client is made.

use std::{fmt, sync::Arc, time::Duration};

use polarkit_model::{Clock, Secret};

use crate::{
    API_VERSION,
    client::Polar,
    clock::SystemClock,
    retry::Retry,
    server::Server,
    transport::{Parts, Transport},
};

/// A client about to be made.
#[derive(Clone)]
#[must_use]
pub struct Builder {
    server: Server,
    token: Option<Secret>,
    version: String,
    timeout: Duration,
    retry: Retry,
    clock: Arc<dyn Clock>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            server: Server::default(),
            token: None,
            version: API_VERSION.to_owned(),
            timeout: Duration::from_secs(30),
            retry: Retry::default(),
            clock: Arc::new(SystemClock),
        }
    }
}

impl Builder {
    /// Which Polar is meant; the real one unless told otherwise.
    pub fn server(mut self, server: Server) -> Self {
        self.server = server;
        self
    }

    /// Who is asking. Without a token only what is open to everybody answers.
    pub fn token(mut self, token: impl Into<Secret>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Which version of the API to ask for.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// How long one attempt may take from beginning to end.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Whether to try again.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Who tells the local time.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The client.
    pub fn build(self) -> Result<Polar, BuildError> {
        let transport = Transport::new(Parts {
            server: self.server.clone(),
            token: self.token,
            version: self.version,
            timeout: self.timeout,
            clock: self.clock,
        })?;
        Ok(Polar::new_from(self.server, transport, self.retry))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The platform's certificates could not be used.
    #[error(
        "the system's certificates cannot be used (is a package such as ca-certificates installed?)"
    )]
    Tls(#[source] rustls::Error),
    /// The HTTP client could not be made.
    #[error("no HTTP client could be made")]
    Client(#[source] reqwest::Error),
}
