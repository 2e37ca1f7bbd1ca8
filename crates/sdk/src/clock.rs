//! The real time: the one place that takes it.

use polarkit_model::{Clock, Timestamp};

/// The system's clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock the others are handed"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
