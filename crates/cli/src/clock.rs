//! The wall clock, handed to everything that needs the time.

use jiff::Timestamp;
use polarkit_model::Clock;

/// The machine's own clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads it"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
