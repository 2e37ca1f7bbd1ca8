//! The gateway's time: its own clock, set right by what Polar says the time is.
//!
//! A host with a wrong clock would find every webhook stale and send events from the future; a
//! sandbox may live in another month altogether. Polar's `Date` headers settle both. A webhook is
//! believed when it is fresh by either clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use polarkit_model::Clock;

/// A smaller difference is left alone: `Date` counts whole seconds and answers take time.
const NOTICED: SignedDuration = SignedDuration::from_secs(5);

#[derive(Debug, Clone)]
pub(crate) struct Time {
    clock: Arc<dyn Clock>,
    /// Polar's time minus ours as last heard, µs; never ahead of Polar's real time.
    difference: Arc<AtomicI64>,
    /// The latest instant handed out by [`Time::stamp`], µs.
    last: Arc<AtomicI64>,
}

impl Time {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            difference: Arc::default(),
            last: Arc::default(),
        }
    }

    /// The clock itself, for others to read.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// This host's clock, for what concerns this host alone: leases, retries, users' tokens.
    pub(crate) fn local(&self) -> Timestamp {
        self.clock.now()
    }

    /// What time it is for Polar.
    pub(crate) fn now(&self) -> Timestamp {
        let difference = self.difference();
        if difference.abs() <= NOTICED {
            self.local()
        } else {
            shift(self.local(), difference)
        }
    }

    /// An instant that Polar, whose clock may be a little behind ours, surely finds in the past.
    pub(crate) fn surely_past(&self) -> Timestamp {
        shift(self.local(), self.difference())
    }

    /// Notes how far Polar's clock is from this host's.
    pub(crate) fn learn(&self, difference: SignedDuration) {
        let micros = i64::try_from(difference.as_micros()).unwrap_or_default();
        let before = self.difference.swap(micros, Ordering::Relaxed);
        if (before - micros).abs() > 60_000_000 {
            let seconds = difference.as_secs();
            tracing::warn!(seconds, "Polar's clock differs from this host's");
        }
    }

    /// An instant of this host for ordering: later than every one before it.
    pub(crate) fn stamp(&self) -> i64 {
        let now = self.local().as_microsecond();
        let later = |last: i64| Some(now.max(last + 1));
        match self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, later)
        {
            Ok(last) | Err(last) => now.max(last + 1),
        }
    }

    fn difference(&self) -> SignedDuration {
        SignedDuration::from_micros(self.difference.load(Ordering::Relaxed))
    }
}

/// Whether so long has passed between two moments of this host's clock, µs. One that is still to come
/// was written by a clock that was ahead: nothing waits for it.
pub(crate) fn is_past(since: i64, span: SignedDuration, now: i64) -> bool {
    let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    !(0..span).contains(&now.saturating_sub(since))
}

fn shift(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.checked_add(by).unwrap_or(instant)
}

/// Lets real time pass, where there is nothing to wait for but time.
pub(crate) async fn pause(duration: std::time::Duration) {
    let never = std::future::pending::<std::convert::Infallible>();
    // Elapsed is the point.
    drop(tokio::time::timeout(duration, never).await);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_that_is_still_to_come_is_waited_for_by_nobody() {
        let second = SignedDuration::from_secs(1);
        let cases = [
            (0, 0, false),
            (0, 999_999, false),
            (0, 1_000_000, true),
            (1, 0, true),
            (i64::MAX, i64::MIN, true),
            (i64::MIN, i64::MAX, true),
        ];
        for (since, now, past) in cases {
            assert_eq!(is_past(since, second, now), past, "{since} {now}");
        }
    }
}
