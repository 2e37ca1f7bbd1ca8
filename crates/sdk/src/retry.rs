//! Whether to try again: a value, decided purely.

use std::time::Duration;

use crate::{error::Error, transport::TransportError};

/// How often, and how long between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retry {
    /// Attempts in all, the first included; 1 means never again.
    pub attempts_max: u32,
    /// The first wait, doubled each time.
    pub wait: Duration,
    /// No wait is longer; a server that asks for more gets no further attempt.
    pub wait_max: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts_max: 3,
            wait: Duration::from_millis(200),
            wait_max: Duration::from_secs(20),
        }
    }
}

impl Retry {
    /// Never again.
    pub const fn never() -> Self {
        Self {
            attempts_max: 1,
            wait: Duration::ZERO,
            wait_max: Duration::ZERO,
        }
    }

    /// So many attempts in all.
    #[must_use]
    pub const fn attempts(mut self, attempts_max: u32) -> Self {
        self.attempts_max = attempts_max;
        self
    }

    /// The wait before the next attempt, or `None` when the outcome stands. `made` counts the
    /// attempts so far; `chance` spreads callers apart.
    pub(crate) fn next(self, made: u32, outcome: Outcome, chance: u8) -> Option<Duration> {
        if made >= self.attempts_max || !outcome.is_worth_another() {
            return None;
        }
        if let Outcome::Status {
            retry_after: Some(asked),
            ..
        } = outcome
        {
            return (asked <= self.wait_max).then_some(asked);
        }
        let doubled = self
            .wait
            .saturating_mul(1 << made.saturating_sub(1).min(16));
        Some(spread(doubled.min(self.wait_max), chance))
    }
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The server was never reached: nothing happened there.
    Unreached,
    /// The connection broke on the way: something may have happened.
    Broken { repeatable: bool },
    /// The server answered with a status of failure.
    Status {
        code: u16,
        repeatable: bool,
        retry_after: Option<Duration>,
    },
}

impl Outcome {
    /// What an error says of the attempt, where another could mend it.
    pub(crate) fn of(error: &Error, repeatable: bool) -> Option<Self> {
        match error {
            Error::Network {
                source: TransportError::Unreached(_),
                ..
            } => Some(Self::Unreached),
            Error::Network { .. } => Some(Self::Broken { repeatable }),
            _ => Some(Self::Status {
                code: error.status()?.as_u16(),
                repeatable,
                retry_after: error.retry_after(),
            }),
        }
    }

    /// A refusal by the rate limit comes before any work, as does a failure to connect; after
    /// anything else only what may be repeated is.
    fn is_worth_another(self) -> bool {
        match self {
            Self::Unreached | Self::Status { code: 429, .. } => true,
            Self::Broken { repeatable } => repeatable,
            Self::Status {
                code, repeatable, ..
            } => repeatable && (502..=504).contains(&code),
        }
    }
}

/// Between half the wait and all of it.
fn spread(wait: Duration, chance: u8) -> Duration {
    wait.saturating_mul(256 + u32::from(chance)) / 512
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: bool = true;
    const WRITE: bool = false;

    fn status(code: u16, repeatable: bool) -> Outcome {
        Outcome::Status {
            code,
            repeatable,
            retry_after: None,
        }
    }

    #[test]
    fn what_is_tried_again() {
        let again = |outcome| Retry::default().next(1, outcome, 0).is_some();
        let table = [
            (Outcome::Unreached, true),
            (Outcome::Broken { repeatable: READ }, true),
            (Outcome::Broken { repeatable: WRITE }, false),
            (status(429, READ), true),
            (status(429, WRITE), true),
            (status(502, READ), true),
            (status(502, WRITE), false),
            (status(503, READ), true),
            (status(504, READ), true),
            (status(500, READ), false),
            (status(404, READ), false),
            (status(422, WRITE), false),
        ];
        for (outcome, expected) in table {
            assert_eq!(again(outcome), expected, "{outcome:?}");
        }
    }

    #[test]
    fn attempts_are_bounded() {
        let retry = Retry::default();
        assert!(retry.next(2, Outcome::Unreached, 0).is_some());
        assert!(retry.next(3, Outcome::Unreached, 0).is_none());
        assert!(Retry::never().next(1, Outcome::Unreached, 0).is_none());
    }

    #[test]
    fn waits_double_stay_bounded_and_spread() {
        let retry = Retry::default().attempts(40);
        let wait = |made, chance| retry.next(made, Outcome::Unreached, chance).unwrap();
        assert_eq!(wait(1, 0), Duration::from_millis(100));
        assert_eq!(wait(2, 0), Duration::from_millis(200));
        assert!(wait(1, 255) > Duration::from_millis(199));
        assert!(wait(39, 255) <= retry.wait_max);
    }

    #[test]
    fn the_server_is_obeyed_up_to_a_bound() {
        let asked = |seconds| Outcome::Status {
            code: 429,
            repeatable: WRITE,
            retry_after: Some(Duration::from_secs(seconds)),
        };
        let retry = Retry::default();
        assert_eq!(retry.next(1, asked(7), 255), Some(Duration::from_secs(7)));
        assert_eq!(retry.next(1, asked(60), 0), None);
    }
}
