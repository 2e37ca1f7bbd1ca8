//! What was accepted and will never arrive.

use std::fmt;

use polarkit_model::EventCreate;

/// An event that was accepted and will never arrive, as far as is known.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LostUsage {
    /// The event, with the id it was sent with: sent again under it, it counts once.
    pub event: EventCreate,
    /// Why.
    pub reason: LostReason,
}

/// Why an event will never arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LostReason {
    /// Polar refused this very event, in these words.
    Refused(String),
    /// The tracker was shut down, or the runtime it delivered in ended, before it was delivered.
    Ended,
}

impl fmt::Display for LostReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(words) => f.write_str(words),
            Self::Ended => f.write_str("the tracker ended before it was delivered"),
        }
    }
}
