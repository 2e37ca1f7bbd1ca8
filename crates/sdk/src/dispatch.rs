//! One call, from the request to the reply: attempts, the waits between them, and their end.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher as _, Hasher as _},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt as _;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};

use crate::{
    client::Polar,
    error::Error,
    reply::Reply,
    request::Request,
    retry::Outcome,
    transport::{Body, TransportError},
};

/// No reply of Polar's comes near; one that does is somebody else's.
const REPLY_BYTES_MAX: usize = 32 * 1024 * 1024;

impl Polar {
    /// Sends until it succeeds or trying again makes no sense.
    pub(crate) async fn dispatch(&self, request: &Request) -> Result<Reply, Error> {
        let retry = request
            .overrides
            .retry
            .unwrap_or(self.shared.settings.retry);
        let mut made = 0;
        loop {
            made += 1;
            let error = match self.attempt(request).await {
                Ok(reply) if reply.status.is_success() => return Ok(reply),
                Ok(reply) => Error::from_reply(request.operation, &reply),
                Err(error) => error,
            };
            let outcome = Outcome::of(&error, request.repeatable);
            match outcome.and_then(|outcome| retry.next(made, outcome, chance())) {
                Some(wait) => sleep(wait).await,
                None => return Err(error),
            }
        }
    }

    /// Sends once and reads all of the reply. Any reply is a reply, of success or not.
    async fn attempt(&self, request: &Request) -> Result<Reply, Error> {
        let after = request
            .overrides
            .timeout
            .unwrap_or(self.shared.settings.timeout);
        let attempt = async {
            let response = self.send_once(request).await?;
            let (parts, body) = response.into_parts();
            Ok(Reply {
                status: parts.status,
                headers: parts.headers,
                body: read_body(body, request.operation).await?.into(),
            })
        };
        let late = |_elapsed| network(request.operation, TransportError::TimedOut { after });
        tokio::time::timeout(after, attempt).await.map_err(late)?
    }

    /// Sends once and hears the server's time.
    async fn send_once(&self, request: &Request) -> Result<http::Response<Body>, Error> {
        let message = self.message(request)?;
        let sent = self.shared.transport.send(message).await;
        let response = sent.map_err(|source| network(request.operation, source))?;
        let heard_at = self.shared.settings.clock.now();
        self.shared.server_time.hear(response.headers(), heard_at);
        Ok(response)
    }

    /// The request as it goes over the wire.
    fn message(&self, request: &Request) -> Result<http::Request<Bytes>, Error> {
        if let Some(fault) = &request.fault {
            return Err(refused(request, fault.argument, &fault.problem));
        }
        let settings = &self.shared.settings;
        let version = request.overrides.version.as_ref();
        let mut message = http::Request::builder()
            .method(request.method.clone())
            .uri(format!("{}{}", settings.server.base(), request.target()))
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("polarkit/", env!("CARGO_PKG_VERSION")))
            .header("polar-version", version.unwrap_or(&settings.version));
        if let Some(token) = request.overrides.token.as_ref().or(self.token.as_ref()) {
            let bearer = format!("Bearer {}", token.reveal());
            let mut bearer = HeaderValue::from_maybe_shared(Bytes::from(bearer))
                .map_err(|_malformed| refused(request, "token", "cannot stand in a header"))?;
            bearer.set_sensitive(true);
            message = message.header(AUTHORIZATION, bearer);
        }
        let mut bytes = Bytes::new();
        if let Some(body) = &request.body {
            message = message.header(CONTENT_TYPE, body.content_type);
            bytes = body.bytes.clone();
        }
        let unsendable = |error: http::Error| refused(request, "request", &error.to_string());
        message.body(bytes).map_err(unsendable)
    }
}

async fn read_body(mut body: Body, operation: &'static str) -> Result<Bytes, Error> {
    let mut bytes = BytesMut::new();
    while let Some(piece) = body
        .try_next()
        .await
        .map_err(|source| network(operation, source))?
    {
        if bytes.len() + piece.len() > REPLY_BYTES_MAX {
            return Err(Error::TooLong {
                operation,
                bytes_max: REPLY_BYTES_MAX,
            });
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}

fn network(operation: &'static str, source: TransportError) -> Error {
    Error::Network { operation, source }
}

fn refused(request: &Request, argument: &'static str, problem: &str) -> Error {
    Error::Request {
        operation: request.operation,
        argument,
        problem: problem.to_owned(),
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
async fn sleep(wait: Duration) {
    tokio::time::sleep(wait).await;
}
