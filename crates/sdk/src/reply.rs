//! A reply before it is read.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use polarkit_model::{
    Timestamp,
    read::{self, Read, ReadError},
};

use crate::server_time::{date, http_date};

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

/// A reply whose body is here. Headers may hold secrets, too: neither is printed.
#[derive(Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: ReplyBody,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

impl Reply {
    pub(crate) fn new(head: http::response::Parts, body: Bytes) -> Self {
        Self {
            status: head.status,
            headers: head.headers,
            body: body.into(),
        }
    }

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

    /// How long to wait before asking again, where the server says so: in seconds, or as a date of
    /// its own clock. A date that is past means no wait.
    pub(crate) fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let until = http_date(text)?;
        let now = date(&self.headers).unwrap_or(now);
        Some(until.duration_since(now).try_into().unwrap_or_default())
    }
}
