//! The latest time a program has seen: what tells it that the clock was turned back.

use std::fmt;
use std::str::FromStr;

use polarkit_model::Timestamp;

/// The latest time seen, which the program keeps beside the lease: as text, which is empty when
/// nothing was seen yet, else seconds since 1970.
///
/// It never goes past the end of a lease, so that a clock that was wrong for a day locks nobody out
/// for longer than one lease. Start with an empty one when a new lease was fetched: the gateway's
/// clock is then the later witness.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mark(Option<Timestamp>);

impl Mark {
    /// That this time was seen.
    pub fn at(at: Timestamp) -> Self {
        Self(Some(at))
    }

    /// The latest time seen, if any.
    pub fn latest(&self) -> Option<Timestamp> {
        self.0
    }

    /// Moves on, never back.
    pub(super) fn see(&mut self, at: Timestamp) {
        self.0 = self.0.max(Some(at));
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(at) => at.as_second().fmt(f),
            None => Ok(()),
        }
    }
}

/// The text is no mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not what a mark was kept as")]
pub struct MarkError;

impl FromStr for Mark {
    type Err = MarkError;

    fn from_str(text: &str) -> Result<Self, MarkError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self(None));
        }
        let seconds: Option<i64> = text.parse().ok();
        let at = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        at.map(|at| Self(Some(at))).ok_or(MarkError)
    }
}
