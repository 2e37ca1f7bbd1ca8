//! Calls a second, each in its turn; a turn that is too far off is refused at once. Polar counts
//! them by address or organization, so nodes that share a Redis take turns together.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::shared::Shared;
use crate::shared::turn::Turn;
use crate::time::pause;
use crate::upstream::Failure;

/// Whoever would wait longer is told to come back instead.
const WAIT_MAX: SignedDuration = SignedDuration::from_secs(2);

#[derive(Debug)]
pub(super) struct Pace {
    interval: SignedDuration,
    next: Mutex<Timestamp>,
}

impl Pace {
    pub(super) fn per_second(calls: i32) -> Self {
        Self {
            interval: SignedDuration::from_secs(1) / calls,
            next: Mutex::new(Timestamp::MIN),
        }
    }

    pub(super) async fn turn(&self, shared: &Shared, now: Timestamp) -> Result<(), Failure> {
        let together = match shared.turn("licenses", self.interval, WAIT_MAX).await {
            Some(Turn::TooFar(ahead)) => return Err(too_far(ahead)),
            Some(Turn::Taken(ahead)) => ahead,
            None => SignedDuration::ZERO,
        };
        let wait = self.reserve(now)?.max(together);
        if wait.is_positive() {
            pause(Duration::try_from(wait).unwrap_or_default()).await;
        }
        Ok(())
    }

    fn reserve(&self, now: Timestamp) -> Result<SignedDuration, Failure> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = (*next).max(now);
        let wait = turn.duration_since(now);
        if wait > WAIT_MAX {
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
