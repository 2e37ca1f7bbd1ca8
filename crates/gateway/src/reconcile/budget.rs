//! The budget: so many requests a minute for reading back, evenly spread, so that live calls find
//! room under Polar's limit.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

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
    pub(crate) async fn turn(&self) {
        let mut next = self.next.lock().await;
        pause(next.saturating_duration_since(Instant::now())).await;
        *next = Instant::now() + self.every;
    }

    /// Takes a turn if it comes soon enough, for a caller who waits.
    pub(crate) async fn turn_within(&self, patience: Duration) -> bool {
        tokio::time::timeout(patience, self.turn()).await.is_ok()
    }

    /// Makes everyone wait so long.
    pub(crate) async fn hold(&self, wait: Duration) {
        let mut next = self.next.lock().await;
        *next = (*next).max(Instant::now() + wait);
    }
}
