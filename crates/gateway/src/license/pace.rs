//! Calls on the route that is open to anybody, each in its turn; a turn that is too far off is
//! refused at once. Polar counts them by address, so nodes that share a Redis take turns together.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::shared::Shared;
use crate::shared::turn::Turn;
use crate::time::pause;
use crate::upstream::Failure;

/// Polar takes three a second and closes the route for a minute on the fourth. Calls travel
/// unevenly, so they start a little further apart.
const INTERVAL: SignedDuration = SignedDuration::from_millis(400);
/// Longest the route is believed to be closed by one answer: Polar's block.
const CLOSED_MAX: SignedDuration = SignedDuration::from_mins(1);

#[derive(Debug)]
pub(super) struct Pace {
    interval: SignedDuration,
    next: Mutex<Timestamp>,
}

impl Pace {
    /// As often as Polar takes them.
    pub(super) fn of_polar() -> Self {
        Self::every(INTERVAL)
    }

    /// Without a limit, until there is a refusal.
    pub(super) fn unlimited() -> Self {
        Self::every(SignedDuration::ZERO)
    }

    fn every(interval: SignedDuration) -> Self {
        Self {
            interval,
            next: Mutex::new(Timestamp::MIN),
        }
    }

    /// Waits for a turn that is at most so far off.
    pub(super) async fn turn(
        &self,
        shared: &Shared,
        now: Timestamp,
        patience: SignedDuration,
    ) -> Result<(), Failure> {
        let mut together = SignedDuration::ZERO;
        if !self.interval.is_zero() {
            match shared.turn("licenses", self.interval, patience).await {
                Some(Turn::TooFar(ahead)) => return Err(too_far(ahead)),
                Some(Turn::Taken(ahead)) => together = ahead,
                None => {}
            }
        }
        let wait = self.reserve(now, patience)?.max(together);
        if wait.is_positive() {
            pause(Duration::try_from(wait).unwrap_or_default()).await;
        }
        Ok(())
    }

    /// The route is closed for so long.
    pub(super) fn hold(&self, now: Timestamp, seconds: u64) {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        let wait = SignedDuration::from_secs(seconds).min(CLOSED_MAX);
        let until = now.checked_add(wait).unwrap_or(now);
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = until.max(*next);
    }

    fn reserve(&self, now: Timestamp, patience: SignedDuration) -> Result<SignedDuration, Failure> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = (*next).max(now);
        let wait = turn.duration_since(now);
        if wait > patience {
            return Err(too_far(wait));
        }
        *next = turn.checked_add(self.interval).unwrap_or(turn);
        Ok(wait)
    }
}

fn too_far(ahead: SignedDuration) -> Failure {
    let seconds = u64::try_from(ahead.as_secs()).unwrap_or_default() + 1;
    Failure::Limited {
        retry_after_seconds: seconds,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATIENCE: SignedDuration = SignedDuration::from_secs(2);

    proptest! {
        #[test]
        fn no_second_ever_sees_a_fourth_call(gaps in prop::collection::vec(0_i64..700, 1..200)) {
            let pace = Pace::of_polar();
            let mut now = Timestamp::UNIX_EPOCH;
            let mut sent = Vec::new();
            for gap in gaps {
                now += SignedDuration::from_millis(gap);
                if let Ok(wait) = pace.reserve(now, PATIENCE) {
                    sent.push(now + wait);
                }
            }
            for four in sent.windows(4) {
                prop_assert!(four[3].duration_since(four[0]) > SignedDuration::from_secs(1));
            }
        }
    }

    #[test]
    fn a_closed_route_is_tried_again_when_it_opens() {
        let pace = Pace::unlimited();
        let now = Timestamp::UNIX_EPOCH;
        assert!(pace.reserve(now, PATIENCE).is_ok());
        pace.hold(now, 3_600);
        let closed = pace.reserve(now, PATIENCE).unwrap_err();
        assert_eq!(
            closed,
            Failure::Limited {
                retry_after_seconds: 61
            }
        );
        assert!(pace.reserve(now + CLOSED_MAX, PATIENCE).is_ok());
    }
}
