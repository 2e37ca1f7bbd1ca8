//! The server's time, learnt from the `Date` header of its replies.
//!
//! A server whose clock was moved, or a host whose own clock is wrong, makes good webhooks look
//! stale; who verifies them can correct for the difference.

use std::sync::{Mutex, PoisonError};

use http::{HeaderMap, header::DATE};
use jiff::{SignedDuration, fmt::rfc2822};
use polarkit_model::Timestamp;

/// What the server's clock said when it was last heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerTime {
    /// When it was heard, by the local clock.
    pub heard_at: Timestamp,
    /// What to add to the local clock to get the server's, to the second.
    pub offset: SignedDuration,
}

/// Keeps the last reading.
#[derive(Debug, Default)]
pub(crate) struct Listener(Mutex<Option<ServerTime>>);

impl Listener {
    /// Takes note of a reply's header, received at that local time.
    pub(crate) fn hear(&self, headers: &HeaderMap, heard_at: Timestamp) {
        if let Some(date) = date(headers) {
            let offset = date.duration_since(heard_at);
            // A poisoned lock still holds a whole reading: nothing is half written.
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(ServerTime { heard_at, offset });
        }
    }

    pub(crate) fn last(&self) -> Option<ServerTime> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the server's clock says in its headers.
pub(crate) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    http_date(headers.get(DATE)?.to_str().ok()?)
}

/// A date as HTTP writes it.
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}
