//! The budget: so many requests a minute for reading back, evenly spread, so that live calls find
//! room under Polar's limit. Nodes that share a Redis have one budget together.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::shared::Shared;
use crate::shared::turn::Turn;
use crate::time::pause;

/// When the next request may go out.
#[derive(Debug)]
pub(crate) struct Budget {
    every: Duration,
    next: Mutex<Instant>,
}

impl Budget {
    pub(crate) fn per_minute(requests: u32) -> Self {
        Self {
            every: Duration::from_mins(1) / requests.max(1),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Waits for the next turn; in the order of arrival.
    pub(crate) async fn turn(&self, shared: &Shared) {
        let mut next = self.next.lock().await;
        pause(next.saturating_duration_since(Instant::now())).await;
        let every = SignedDuration::try_from(self.every).unwrap_or(SignedDuration::MAX);
        let none_ahead = SignedDuration::ZERO;
        while let Some(Turn::TooFar(ahead)) = shared.turn("reconcile", every, none_ahead).await {
            pause(ahead.unsigned_abs()).await;
        }
        *next = Instant::now() + self.every;
    }

    /// Takes a turn if it comes soon enough, for a caller who waits.
    pub(crate) async fn turn_within(&self, shared: &Shared, patience: Duration) -> bool {
        let turn = tokio::time::timeout(patience, self.turn(shared));
        turn.await.is_ok()
    }

    /// Makes everyone wait so long.
    pub(crate) async fn hold(&self, wait: Duration) {
        let mut next = self.next.lock().await;
        *next = (*next).max(Instant::now() + wait);
    }
}
