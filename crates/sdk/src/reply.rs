//! A reply before it is read.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use polarkit_model::read::{self, Read, ReadError};

/// The body of a reply: may hold anybody's secret, so that it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ReplyBody(Bytes);

impl std::ops::Deref for ReplyBody {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.0
    }
}

impl From<Bytes> for ReplyBody {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplyBody({} bytes)", self.0.len())
    }
}

/// A reply whose body is here.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: ReplyBody,
}

impl Reply {
    /// Reads the body as JSON.
    pub fn json<T: Read>(&self) -> Result<T, ReadError> {
        read::from_slice(&self.body)
    }

    /// Reads the body as JSON, unless the status says it isn't ready yet.
    pub(crate) fn json_if_ready<T: Read>(&self) -> Result<Option<T>, ReadError> {
        if self.status == StatusCode::ACCEPTED {
            Ok(None)
        } else {
            self.json().map(Some)
        }
    }

    /// The body as text.
    #[expect(clippy::unnecessary_wraps, reason = "one of four ways to read")]
    pub(crate) fn text(&self) -> Result<String, ReadError> {
        Ok(String::from_utf8_lossy(&self.body).into_owned())
    }

    /// There is nothing to read.
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "one of four ways to read"
    )]
    pub(crate) fn nothing(&self) -> Result<(), ReadError> {
        Ok(())
    }

    /// How long to wait before asking again, where the server says so in seconds.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let seconds = self
            .headers
            .get(http::header::RETRY_AFTER)?
            .to_str()
            .ok()?
            .trim();
        seconds.parse().ok().map(Duration::from_secs)
    }
}
