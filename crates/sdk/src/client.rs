//! The client: cheap to clone, one pool of connections.

use std::{
    collections::hash_map::RandomState,
    fmt,
    hash::{BuildHasher as _, Hasher as _},
    sync::Arc,
};

use http::Method;
use polarkit_model::Secret;

use crate::{
    builder::{BuildError, Builder},
    error::Error,
    operation::Operation,
    request::{Reply, Request},
    retry::{Outcome, Retry},
    server::Server,
    server_time::ServerTime,
    transport::Transport,
};

/// A client of Polar's API.
#[derive(Clone)]
pub struct Polar {
    inner: Arc<Inner>,
}

struct Inner {
    server: Server,
    transport: Transport,
    retry: Retry,
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

    pub(crate) fn new_from(server: Server, transport: Transport, retry: Retry) -> Self {
        Self {
            inner: Arc::new(Inner {
                server,
                transport,
                retry,
            }),
        }
    }

    /// Which Polar it talks to.
    pub fn server(&self) -> &Server {
        &self.inner.server
    }

    /// Sends an operation. `.await` on the operation does the same.
    pub async fn send<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
        let request = operation.request();
        let reply = self.dispatch(&request).await?;
        O::read(&reply).map_err(|source| decode(&request, source, &reply))
    }

    /// What the server's clock said in the last reply, if there was one.
    pub fn server_time(&self) -> Option<ServerTime> {
        self.inner.transport.server_time.last()
    }

    /// Asks the server for its time now. Needs no token, and any answer will do.
    pub async fn ask_server_time(&self) -> Result<Option<ServerTime>, Error> {
        let request = Request::new("health", Method::GET, "/healthz");
        self.inner.transport.send(&request).await?;
        Ok(self.server_time())
    }

    /// Sends until it succeeds or trying again makes no sense.
    pub(crate) async fn dispatch(&self, request: &Request) -> Result<Reply, Error> {
        if let Some(fault) = &request.fault {
            return Err(Error::Request {
                operation: request.operation,
                argument: fault.argument,
                problem: fault.problem.clone(),
            });
        }
        let mut made = 0;
        loop {
            made += 1;
            let (outcome, error) = match self.inner.transport.send(request).await {
                Ok(reply) if reply.status.is_success() => return Ok(reply),
                Ok(reply) => (
                    Some(status(request, &reply)),
                    Error::from_reply(request.operation, &reply),
                ),
                Err(error) => (broken(request, &error), error),
            };
            match outcome.and_then(|outcome| self.inner.retry.next(made, outcome, chance())) {
                Some(wait) => sleep(wait).await,
                None => return Err(error),
            }
        }
    }
}

impl fmt::Debug for Polar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Polar")
            .field("server", &self.inner.server)
            .finish_non_exhaustive()
    }
}

pub(crate) fn decode(
    request: &Request,
    source: polarkit_model::read::ReadError,
    reply: &Reply,
) -> Error {
    Error::Decode {
        operation: request.operation,
        source,
        body: reply.body.clone(),
    }
}

fn status(request: &Request, reply: &Reply) -> Outcome {
    Outcome::Status {
        code: reply.status.as_u16(),
        repeatable: request.repeatable,
        retry_after: reply.retry_after(),
    }
}

fn broken(request: &Request, error: &Error) -> Option<Outcome> {
    match error {
        Error::Network { source, .. } if source.is_builder() => None,
        Error::Network { source, .. } if source.is_connect() => Some(Outcome::Unreached),
        Error::Network { .. } => Some(Outcome::Broken {
            repeatable: request.repeatable,
        }),
        _ => None,
    }
}

/// The standard library seeds every hasher anew, which is chance enough to spread waits.
fn chance() -> u8 {
    let [byte, ..] = RandomState::new().build_hasher().finish().to_le_bytes();
    byte
}

#[expect(
    clippy::disallowed_methods,
    reason = "the wait between two attempts over a real network"
)]
async fn sleep(wait: std::time::Duration) {
    tokio::time::sleep(wait).await;
}
