//! The budget: so many requests a minute for reading back, evenly spread, so that live calls find
//! room under Polar's limit. Nodes that share a Redis have one budget together.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::Mutex as Turnstile;
use tokio::time::Instant;

use crate::shared::Shared;
use crate::shared::turn::Turn;
use crate::time::pause;

/// Longest anybody is made to wait by one answer.
pub(super) const HOLD_MAX: Duration = Duration::from_hours(1);

/// When the next request may go out.
#[derive(Debug)]
pub(crate) struct Budget {
    every: Duration,
    /// One passes at a time, in the order of arrival.
    turnstile: Turnstile<()>,
    next: Mutex<Instant>,
}

impl Budget {
    pub(crate) fn per_minute(requests: u32) -> Self {
        Self {
            every: Duration::from_mins(1) / requests.max(1),
            turnstile: Turnstile::default(),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Waits for the next turn; in the order of arrival.
    pub(crate) async fn turn(&self, shared: &Shared) {
        let _first = self.turnstile.lock().await;
        self.held().await;
        let every = SignedDuration::try_from(self.every).unwrap_or(SignedDuration::MAX);
        let none_ahead = SignedDuration::ZERO;
        while let Some(Turn::TooFar(ahead)) = shared.turn("reconcile", every, none_ahead).await {
            pause(ahead.unsigned_abs()).await;
        }
        *self.next() = Instant::now() + self.every;
    }

    /// Takes a turn if it comes soon enough, for a caller who waits.
    pub(crate) async fn turn_within(&self, shared: &Shared, patience: Duration) -> bool {
        let turn = tokio::time::timeout(patience, self.turn(shared));
        turn.await.is_ok()
    }

    /// Makes everyone wait so long, also who waits for a turn already.
    pub(crate) fn hold(&self, wait: Duration) {
        let until = Instant::now() + wait.min(HOLD_MAX);
        let mut next = self.next();
        *next = until.max(*next);
    }

    /// Waits until this node may go on; it may be made to wait longer meanwhile.
    async fn held(&self) {
        loop {
            let wait = self.next().saturating_duration_since(Instant::now());
            if wait.is_zero() {
                return;
            }
            pause(wait).await;
        }
    }

    fn next(&self) -> MutexGuard<'_, Instant> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_hold_reaches_who_waits_already() {
        let budget = Budget::per_minute(6);
        let began = Instant::now();
        budget.hold(Duration::from_secs(10));
        let longer = async {
            pause(Duration::from_secs(5)).await;
            budget.hold(Duration::from_mins(1));
        };
        tokio::join!(budget.held(), longer);
        assert_eq!(began.elapsed(), Duration::from_secs(65));
    }

    #[tokio::test(start_paused = true)]
    async fn no_answer_stops_reading_for_ever() {
        let budget = Budget::per_minute(60);
        let began = Instant::now();
        budget.hold(Duration::from_secs(u64::MAX));
        budget.held().await;
        assert_eq!(began.elapsed(), HOLD_MAX);
    }
}
