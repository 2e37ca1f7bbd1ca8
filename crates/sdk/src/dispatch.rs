//! One call, from the request to the reply: its turn under the limits, its attempts, the waits
//! between them, and their end.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher as _, Hasher as _},
    time::Duration,
};

use bytes::BytesMut;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::time::{Instant, timeout};

use crate::{
    client::Polar,
    error::Error,
    limit::{Patience, Place},
    message,
    reply::Reply,
    request::Request,
    retry::{Outcome, Retry},
    transport::{Body, TransportError},
};

/// No reply of Polar's comes near; one that does is somebody else's.
const REPLY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// So much of a refusal is kept; the rest is not read.
const REFUSAL_BYTES_MAX: usize = 1024 * 1024;

impl Polar {
    /// Sends until it succeeds or trying again makes no sense, and reads all of the reply.
    pub(crate) async fn dispatch(&self, request: &Request) -> Result<Reply, Error> {
        let mut course = Course::begin(self, request);
        loop {
            let place = course.turn().await?;
            let attempt = async { course.read(course.exchange(place).await?).await };
            match course.in_time(attempt).await {
                Ok(reply) => return Ok(reply),
                Err(error) => course.wait_after(error).await?,
            }
        }
    }

    /// Sends until it succeeds or trying again makes no sense, and leaves the body to be read as
    /// it comes, without a bound. Between two pieces no more time may pass than an attempt has.
    pub(crate) async fn dispatch_open(
        &self,
        request: &Request,
    ) -> Result<http::Response<Body>, Error> {
        let mut course = Course::begin(self, request);
        loop {
            let place = course.turn().await?;
            match course.in_time(course.exchange(place)).await {
                Ok(response) => return Ok(response.map(|body| hurried(body, course.timeout()))),
                Err(error) => course.wait_after(error).await?,
            }
        }
    }
}

/// A call under way.
struct Course<'a> {
    polar: &'a Polar,
    request: &'a Request,
    retry: Retry,
    began: Instant,
    made: u32,
}

impl<'a> Course<'a> {
    fn begin(polar: &'a Polar, request: &'a Request) -> Self {
        let usual = polar.shared.settings.retry;
        Self {
            polar,
            request,
            retry: request.overrides.retry.unwrap_or(usual),
            began: Instant::now(),
            made: 0,
        }
    }

    /// Waits for its turn under the rate limits.
    async fn turn(&self) -> Result<Option<Place>, Error> {
        let token = message::token(self.polar, self.request);
        let Some(lane) = self.polar.shared.limiter.lane(self.request, token) else {
            return Ok(None);
        };
        let patience = Patience {
            place: self.left(),
            block: self.retry.wait_max,
        };
        let held_back = |retry_after| Error::HeldBack {
            operation: self.request.operation,
            retry_after,
        };
        lane.enter(patience).await.map(Some).map_err(held_back)
    }

    /// Sends once and hears the server's time. A reply of failure is read and is an error. The
    /// place under the limit is given back when the server has answered.
    async fn exchange(&self, place: Option<Place>) -> Result<http::Response<Body>, Error> {
        let shared = &self.polar.shared;
        let message = message::write(self.polar, self.request)?;
        let response = self.polar.transport.send(message).await;
        let response = response.map_err(|source| self.network(source))?;
        let now = shared.settings.clock.now();
        // A proxy's page tells the proxy's time.
        if self.request.elsewhere.is_none() && !response.status().is_server_error() {
            shared.server_time.hear(response.headers(), now);
        }
        if response.status().is_success() {
            return Ok(response);
        }
        let reply = refusal(response).await;
        let error = Error::from_reply(self.request.operation, &reply, now);
        if let (Some(place), Some(wait)) = (place, error.limited_for()) {
            place.block(wait);
        }
        Err(error)
    }

    async fn read(&self, response: http::Response<Body>) -> Result<Reply, Error> {
        let (parts, mut body) = response.into_parts();
        let mut bytes = BytesMut::new();
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|source| self.network(source))?;
            if bytes.len() + piece.len() > REPLY_BYTES_MAX {
                return Err(Error::TooLong {
                    operation: self.request.operation,
                    status: parts.status,
                    bytes_max: REPLY_BYTES_MAX,
                });
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(Reply::new(parts, bytes.freeze()))
    }

    /// Cuts an attempt off when its time is over, or that of the whole call.
    async fn in_time<T>(
        &self,
        attempt: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let after = self.timeout().min(self.left());
        let late = |_elapsed| self.network(TransportError::TimedOut { after });
        timeout(after, attempt).await.map_err(late)?
    }

    /// Waits before the next attempt, or gives back the error that stands.
    async fn wait_after(&mut self, error: Error) -> Result<(), Error> {
        self.made += 1;
        let outcome = Outcome::of(&error, self.request.repeatable);
        let spent = self.began.elapsed();
        let next = |outcome| self.retry.next(self.made, spent, outcome, chance());
        match outcome.and_then(next) {
            Some(wait) => sleep(wait).await,
            None => return Err(error),
        }
        Ok(())
    }

    fn timeout(&self) -> Duration {
        let usual = self.polar.shared.settings.timeout;
        self.request.overrides.timeout.unwrap_or(usual)
    }

    /// What is left of the time for the whole call.
    fn left(&self) -> Duration {
        self.retry.total_max.saturating_sub(self.began.elapsed())
    }

    fn network(&self, source: TransportError) -> Error {
        Error::Network {
            operation: self.request.operation,
            source,
        }
    }
}

/// As much of a refusal as matters, or as came.
async fn refusal(response: http::Response<Body>) -> Reply {
    let (parts, mut body) = response.into_parts();
    let mut bytes = BytesMut::new();
    while let Some(Ok(piece)) = body.next().await {
        let room = REFUSAL_BYTES_MAX - bytes.len();
        bytes.extend_from_slice(piece.get(..room).unwrap_or(&piece));
        if bytes.len() >= REFUSAL_BYTES_MAX {
            break;
        }
    }
    Reply::new(parts, bytes.freeze())
}

/// A body that fails when the next piece takes too long.
fn hurried(body: Body, after: Duration) -> Body {
    let step = move |mut body: Body| async move {
        match timeout(after, body.try_next()).await {
            Ok(piece) => Ok(piece?.map(|piece| (piece, body))),
            Err(_elapsed) => Err(TransportError::TimedOut { after }),
        }
    };
    Body::new(stream::try_unfold(body, step))
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
