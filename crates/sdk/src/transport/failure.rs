//! Why no response came, as far as it matters for trying again.

use std::time::Duration;

/// Any error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why there is no response, or only a part of one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The request never left for the server: nothing happened there, and any request may be
    /// tried again.
    #[error("the server could not be reached")]
    Unreached(#[source] BoxError),
    /// The connection broke on the way: something may have happened there. Only what may be
    /// repeated is tried again.
    #[error("the connection broke")]
    Broken(#[source] BoxError),
    /// The attempt took longer than it may: something may have happened there. Told by the
    /// engine; a transport needs no clock of its own.
    #[error("no answer within {} s", .after.as_secs_f64())]
    #[non_exhaustive]
    TimedOut {
        /// How long it was waited for.
        after: Duration,
    },
}
