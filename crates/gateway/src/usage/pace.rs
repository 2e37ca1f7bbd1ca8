//! How much goes to Polar at once, and how often: as much as it takes without getting slow, no more
//! often than its limits allow.
//!
//! Two figures adapt, each to its own trouble. The batch doubles while Polar answers quickly and
//! halves when it is slow or fails. The distance between requests doubles when Polar says that there
//! are too many, and comes back by an eighth with each that is taken: fewer, fuller requests are what
//! such a limit asks for, so that the batch stays as it is.

use std::time::Duration;

use tokio::time::Instant;

use crate::time::pause;

/// Events of the first request, and of the largest: Polar has no limit but that of a body's length.
const BEGIN: usize = 500;
const EVENTS_MAX: usize = 10_000;
/// After a failure that has nothing to do with what was sent, no fewer than so many.
const UNREACHABLE_MIN: usize = 50;
/// A quicker answer lets the batch grow, a slower one than the other makes it shrink.
const QUICK: Duration = Duration::from_secs(1);
const SLOW: Duration = Duration::from_secs(4);
/// Longest distance of two requests.
const EVERY_MAX: Duration = Duration::from_mins(1);

/// The pace of the one stream.
#[derive(Debug)]
pub(super) struct Pace {
    events: usize,
    every_min: Duration,
    every: Duration,
    next: Instant,
}

impl Pace {
    pub(super) fn per_minute(requests: u32) -> Self {
        let every = Duration::from_mins(1) / requests.max(1);
        Self {
            events: BEGIN,
            every_min: every,
            every,
            next: Instant::now(),
        }
    }

    /// Events the next request may have.
    pub(super) fn events(&self) -> usize {
        self.events
    }

    /// Waits until the next request may be made.
    pub(super) async fn turn(&mut self) {
        pause(self.next.saturating_duration_since(Instant::now())).await;
        self.next = Instant::now() + self.every;
    }

    /// Polar took so many events, in this time.
    pub(super) fn taken(&mut self, events: usize, took: Duration) {
        self.every = self
            .every
            .saturating_sub(self.every / 8)
            .max(self.every_min);
        if took >= SLOW {
            self.events = (self.events / 2).max(1);
        } else if took < QUICK && events >= self.events {
            self.events = (self.events * 2).min(EVENTS_MAX);
        }
    }

    /// Polar failed: what was sent may have been too much for it.
    pub(super) fn failed(&mut self) {
        self.events = (self.events / 2).max(1);
    }

    /// Polar did not answer.
    pub(super) fn unanswered(&mut self) {
        self.events = (self.events / 2).max(UNREACHABLE_MIN.min(self.events));
    }

    /// Polar said that there are too many requests.
    pub(super) fn too_many(&mut self) {
        self.every = (self.every * 2).min(EVERY_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_grows_while_polar_is_quick_and_shrinks_when_it_is_not() {
        let mut pace = Pace::per_minute(60);
        pace.taken(500, Duration::ZERO);
        assert_eq!(pace.events(), 1_000);
        pace.taken(3, Duration::ZERO);
        assert_eq!(pace.events(), 1_000, "it was not put to the test");
        pace.taken(1_000, SLOW);
        assert_eq!(pace.events(), 500);
        for _ in 0..20 {
            pace.failed();
        }
        assert_eq!(pace.events(), 1);
        for _ in 0..20 {
            pace.taken(pace.events(), Duration::ZERO);
        }
        assert_eq!(pace.events(), EVENTS_MAX);
        for _ in 0..20 {
            pace.unanswered();
        }
        assert_eq!(pace.events(), UNREACHABLE_MIN);
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_requests_are_answered_by_fewer_not_by_smaller_ones() {
        let mut pace = Pace::per_minute(60);
        let began = Instant::now();
        pace.turn().await;
        pace.turn().await;
        assert_eq!(began.elapsed(), Duration::from_secs(1));
        pace.too_many();
        pace.turn().await;
        pace.turn().await;
        assert_eq!(began.elapsed(), Duration::from_secs(4));
        assert_eq!(pace.events(), BEGIN);
        for _ in 0..60 {
            pace.taken(1, Duration::ZERO);
        }
        pace.turn().await;
        let began = Instant::now();
        pace.turn().await;
        assert_eq!(
            began.elapsed(),
            Duration::from_secs(1),
            "as often as at first"
        );
    }
}
