//! Whether to try again: a value, decided purely.

use std::time::Duration;

use crate::{error::Error, transport::TransportError};

/// How often, how long between, and when to stop.
///
/// Tried again is, at most [`attempts_max`](Self::attempts_max) times in all and never beyond
/// [`total_max`](Self::total_max):
///
/// | what came of the attempt | any request | one that may be repeated |
/// |---|---|---|
/// | Polar was not reached | yes | yes |
/// | 429 of Polar's rate limits | yes | yes |
/// | the connection broke, or the time was over | no | yes |
/// | 502, 503, 504 | no | yes |
/// | anything else | no | no |
///
/// Repeated may be what only reads, the ingestion of events that all carry an `external_id`, and
/// the validation of a licence that counts no use. A checkout, an order or a refund is never asked
/// for twice unless nothing can have come of the first time.
///
/// Waits double and are spread at random between half and all of their length; what `Retry-After`
/// asks, in seconds or as a date, is obeyed where it is longer. Times are tokio's.
///
/// A call that is dropped sends nothing more. What it had sent may have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retry {
    /// Attempts in all, the first included; 1 means never again. 3 unless told otherwise.
    pub attempts_max: u32,
    /// The first wait, doubled each time. 200 ms unless told otherwise.
    pub wait: Duration,
    /// No wait for the next attempt is longer, and a server that asks for more gets none. 20 s
    /// unless told otherwise.
    pub wait_max: Duration,
    /// The whole call, every wait and attempt of it, takes no longer. An attempt that would is
    /// cut off. 2 minutes unless told otherwise.
    pub total_max: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self::USUAL
    }
}

impl Retry {
    const USUAL: Self = Self {
        attempts_max: 3,
        wait: Duration::from_millis(200),
        wait_max: Duration::from_secs(20),
        total_max: Duration::from_mins(2),
    };

    /// Never again. The one attempt may still wait for its turn under the rate limits.
    pub const fn never() -> Self {
        Self::USUAL.attempts(1)
    }

    /// For work nobody waits for: a refusal of a minute is waited out. 5 attempts, 10 minutes.
    pub const fn patient() -> Self {
        Self::USUAL
            .attempts(5)
            .wait_max(Duration::from_secs(90))
            .total(Duration::from_mins(10))
    }

    /// So many attempts in all; 0 counts as 1.
    #[must_use]
    pub const fn attempts(mut self, attempts_max: u32) -> Self {
        self.attempts_max = attempts_max;
        self
    }

    /// Another first wait.
    #[must_use]
    pub const fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Another longest wait.
    #[must_use]
    pub const fn wait_max(mut self, wait_max: Duration) -> Self {
        self.wait_max = wait_max;
        self
    }

    /// So long at most, all in all.
    #[must_use]
    pub const fn total(mut self, total_max: Duration) -> Self {
        self.total_max = total_max;
        self
    }

    /// The wait before the next attempt, or `None` when the outcome stands. `spent` is the time
    /// since the call began; `chance` spreads callers apart.
    pub(crate) fn next(
        self,
        made: u32,
        spent: Duration,
        outcome: Outcome,
        chance: u8,
    ) -> Option<Duration> {
        if made >= self.attempts_max || !outcome.is_worth_another() {
            return None;
        }
        let asked = outcome.retry_after().unwrap_or_default();
        let wait = self.backoff(made, chance).max(asked);
        let in_time = spent.saturating_add(wait) < self.total_max;
        (asked <= self.wait_max && in_time).then_some(wait)
    }

    fn backoff(self, made: u32, chance: u8) -> Duration {
        let doubled = self
            .wait
            .saturating_mul(1 << made.saturating_sub(1).min(16));
        spread(doubled.min(self.wait_max), chance)
    }
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The server was never reached: nothing happened there.
    Unreached,
    /// The connection broke on the way, or the time was over: something may have happened.
    Broken { repeatable: bool },
    /// The server answered with a status of failure.
    Status {
        code: u16,
        repeatable: bool,
        retry_after: Option<Duration>,
    },
}

impl Outcome {
    /// What an error says of its attempt; nothing where no other attempt could mend it.
    pub(crate) fn of(error: &Error, repeatable: bool) -> Option<Self> {
        match error {
            Error::Network {
                source: TransportError::Unreached(_),
                ..
            } => Some(Self::Unreached),
            Error::Network { .. } => Some(Self::Broken { repeatable }),
            // A refusal with a name is Polar's decision on this very thing, not its rate limit.
            Error::RateLimited { refusal, .. } if refusal.name.is_some() => None,
            Error::RateLimited { .. } | Error::Server(_) => Some(Self::Status {
                code: error.status()?.as_u16(),
                repeatable,
                retry_after: error.retry_after(),
            }),
            _ => None,
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

    fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => retry_after,
            _ => None,
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

    fn asked(seconds: u64) -> Outcome {
        Outcome::Status {
            code: 429,
            repeatable: WRITE,
            retry_after: Some(Duration::from_secs(seconds)),
        }
    }

    #[test]
    fn what_is_tried_again() {
        let again = |outcome| {
            Retry::default()
                .next(1, Duration::ZERO, outcome, 0)
                .is_some()
        };
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
        let again = |retry: Retry, made| retry.next(made, Duration::ZERO, Outcome::Unreached, 0);
        assert!(again(retry, 2).is_some());
        assert!(again(retry, 3).is_none());
        assert!(again(Retry::never(), 1).is_none());
        assert!(again(retry.attempts(0), 1).is_none());
    }

    #[test]
    fn time_is_bounded() {
        let retry = Retry::default().total(Duration::from_secs(10));
        let again = |spent, outcome| retry.next(1, Duration::from_secs(spent), outcome, 0);
        assert_eq!(again(2, asked(7)), Some(Duration::from_secs(7)));
        assert_eq!(again(3, asked(7)), None);
        assert_eq!(again(10, Outcome::Unreached), None);
        assert_eq!(again(u64::MAX, Outcome::Unreached), None);
    }

    #[test]
    fn waits_double_stay_bounded_and_spread() {
        let retry = Retry::default().attempts(40);
        let wait = |made, chance| {
            let wait = retry.next(made, Duration::ZERO, Outcome::Unreached, chance);
            wait.unwrap()
        };
        assert_eq!(wait(1, 0), Duration::from_millis(100));
        assert_eq!(wait(2, 0), Duration::from_millis(200));
        assert!(wait(1, 255) > Duration::from_millis(199));
        assert!(wait(39, 255) <= retry.wait_max);
    }

    #[test]
    fn the_server_is_obeyed_up_to_a_bound() {
        let wait = |seconds| Retry::default().next(1, Duration::ZERO, asked(seconds), 0);
        assert_eq!(wait(7), Some(Duration::from_secs(7)));
        assert_eq!(wait(20), Some(Duration::from_secs(20)));
        assert_eq!(wait(21), None);
        assert_eq!(wait(u64::MAX), None);
        assert_eq!(wait(0), Some(Duration::from_millis(100)), "no hammering");
        assert!(
            Retry::patient()
                .next(1, Duration::ZERO, asked(60), 0)
                .is_some()
        );
    }
}
