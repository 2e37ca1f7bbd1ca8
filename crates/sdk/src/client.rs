//! The client: cheap to clone, one pool of connections.

use std::{fmt, sync::Arc, time::Duration};

use http::Method;
use polarkit_model::{Clock, Secret, read::ReadError};

#[cfg(feature = "blocking")]
use crate::blocking::Background;
use crate::{
    builder::{BuildError, Builder},
    error::Error,
    limit::{Limiter, Limits},
    operation::Operation,
    reply::Reply,
    request::Request,
    retry::Retry,
    server::Server,
    server_time::{Listener, ServerTime},
    transport::{Body, Transport},
    version::Version,
};

/// A client of Polar's API. A clone shares its connections and what it knows.
#[derive(Clone)]
pub struct Polar {
    pub(crate) shared: Arc<Shared>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) token: Option<Secret>,
}

/// What clones have in common.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) limiter: Limiter,
    pub(crate) server_time: Listener,
    #[cfg(feature = "blocking")]
    pub(crate) background: Background,
}

/// What the builder was told.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) server: Server,
    pub(crate) version: Version,
    pub(crate) timeout: Duration,
    pub(crate) retry: Retry,
    pub(crate) limits: Option<Limits>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Polar {
    /// A client of the real Polar with that token.
    pub fn new(token: impl Into<Secret>) -> Result<Self, BuildError> {
        Self::builder().token(token).build()
    }

    /// A client made to measure.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The same client with another token: that of a customer's or a member's session, say.
    #[must_use]
    pub fn with_token(&self, token: impl Into<Secret>) -> Self {
        Self {
            token: Some(token.into()),
            ..self.clone()
        }
    }

    /// The same client without a token, for what is open to everybody.
    #[must_use]
    pub fn without_token(&self) -> Self {
        Self {
            token: None,
            ..self.clone()
        }
    }

    /// The same client over the connections of its background thread.
    #[cfg(feature = "blocking")]
    pub(crate) fn in_background(&self) -> Self {
        Self {
            transport: Arc::clone(&self.shared.background.transport),
            ..self.clone()
        }
    }

    /// Which Polar it talks to.
    pub fn server(&self) -> &Server {
        &self.shared.settings.server
    }

    /// Sends an operation. `.await` on the operation does the same.
    pub async fn send<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
        let request = operation.request();
        let reply = self.dispatch(&request).await?;
        O::read(&reply).map_err(|source| decode(&request, source, &reply))
    }

    /// Sends an operation and leaves the body of its reply to be read as it comes, whatever its
    /// length: for exports and other large things. Between two pieces no more time may pass than
    /// an attempt has.
    pub async fn open<O: Operation>(&self, operation: &O) -> Result<http::Response<Body>, Error> {
        self.dispatch_open(&operation.request()).await
    }

    /// What the server's clock said in the last reply, if there was one.
    pub fn server_time(&self) -> Option<ServerTime> {
        self.shared.server_time.last()
    }

    /// Asks the server for its time now, once. Needs no token, and any answer will do.
    pub async fn ask_server_time(&self) -> Result<Option<ServerTime>, Error> {
        let mut request = Request::new("health", Method::GET, "/healthz");
        request.overrides.retry = Some(Retry::never());
        match self.dispatch(&request).await {
            Err(error) if error.status().is_none() => Err(error),
            _answered => Ok(self.server_time()),
        }
    }
}

impl fmt::Debug for Polar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Polar")
            .field("server", self.server())
            .finish_non_exhaustive()
    }
}

pub(crate) fn decode(request: &Request, source: ReadError, reply: &Reply) -> Error {
    Error::Decode {
        operation: request.operation,
        status: reply.status,
        source,
        body: reply.body.clone(),
    }
}
