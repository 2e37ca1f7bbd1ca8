//! What the application holds: track and forget.

use std::{io, sync::Arc, time::Duration};

use polarkit_model::Clock;

use super::{
    InvalidUsage, UsageBuilder, UsageCustomer, UsageEvent,
    builder::Limits,
    check::TEXT_CHARS_MAX,
    queue::{Pushed, Queue},
};
use crate::Polar;

/// After its deadline the deliverer is told to let go, which it does at its next step.
const LETTING_GO: Duration = Duration::from_secs(1);

/// Tracks usage and delivers it in the background. Cheap to clone; clones share everything.
///
/// When the last clone is dropped, what is pending is still delivered, for as long as its runtime
/// lives and for ten seconds at most. Only [`shutdown`](Self::shutdown) waits for it.
#[derive(Debug, Clone)]
pub struct UsageTracker {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    queue: Arc<Queue>,
    clock: Arc<dyn Clock>,
    limits: Limits,
}

/// What became of a use that was tracked. It may be ignored: the tracker counts and logs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tracked {
    /// It will be delivered.
    Accepted,
    /// Too much is pending; it was dropped.
    Full,
    /// The tracker was shut down; it was dropped.
    Closed,
    /// Polar would refuse it.
    Invalid(InvalidUsage),
}

impl Tracked {
    /// Whether it will be delivered.
    pub const fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted)
    }
}

/// What became of everything so far, counted at one instant: `accepted` is always the sum of
/// `delivered`, `pending` and `failed`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsageTally {
    /// Taken to be delivered.
    pub accepted: u64,
    /// Polar has them.
    pub delivered: u64,
    /// Those among the delivered whose id Polar had before, so that it did not count them again.
    pub duplicates: u64,
    /// Waiting or on their way.
    pub pending: u64,
    /// Polar refused that very event, or the tracker was ended before it was delivered.
    pub failed: u64,
    /// Not taken: too much was pending, or the tracker was shut down.
    pub dropped: u64,
    /// Not taken: Polar would refuse it.
    pub refused: u64,
}

/// The deadline came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{left} usage events are still on their way")]
#[non_exhaustive]
pub struct NotFlushed {
    /// Events that were accepted before the flush and are neither delivered nor failed.
    pub left: u64,
}

impl UsageTracker {
    /// A tracker with the usual bounds; see [`UsageBuilder`] for them and for when this fails.
    pub fn start(polar: Polar) -> io::Result<Self> {
        Self::builder(polar).start()
    }

    /// A tracker made to measure.
    pub fn builder(polar: Polar) -> UsageBuilder {
        UsageBuilder::new(polar)
    }

    pub(super) fn new(queue: Arc<Queue>, clock: Arc<dyn Clock>, limits: Limits) -> Self {
        let inner = Inner {
            queue,
            clock,
            limits,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Tracks a call of an API: an event `api_call` with the metadata `endpoint`, `tokens` and
    /// `timestamp` (seconds since 1970). An endpoint is cut at 500 characters, Polar's bound.
    pub fn track_api_call(
        &self,
        customer: impl Into<UsageCustomer>,
        endpoint: &str,
        tokens_used: u64,
    ) -> Tracked {
        let end = endpoint.char_indices().nth(TEXT_CHARS_MAX);
        let endpoint = end.map_or(endpoint, |(end, _)| endpoint.split_at(end).0);
        let event = UsageEvent::new("api_call", customer)
            .metadata("endpoint", endpoint)
            .metadata("tokens", tokens_used);
        self.track(self.dated(event))
    }

    /// Tracks how much is stored: an event `storage_usage` with the metadata `bytes` and
    /// `timestamp` (seconds since 1970).
    pub fn track_storage_usage(
        &self,
        customer: impl Into<UsageCustomer>,
        bytes_stored: u64,
    ) -> Tracked {
        let event = UsageEvent::new("storage_usage", customer).metadata("bytes", bytes_stored);
        self.track(self.dated(event))
    }

    fn dated(&self, event: UsageEvent) -> UsageEvent {
        let now = self.inner.clock.now();
        let seconds = now.as_duration().as_secs_f64();
        event.metadata("timestamp", seconds).timestamp(now)
    }

    /// Tracks any use. Never waits: neither for Polar nor for room.
    pub fn track(&self, event: UsageEvent) -> Tracked {
        let queue = &self.inner.queue;
        let now = self.inner.clock.now();
        match event.check(now, self.inner.limits.batch_bytes) {
            Ok((event, bytes)) => told(queue.push(event, bytes)),
            Err(invalid) => {
                queue.refuse();
                tracing::warn!(error = %invalid, "usage refused");
                Tracked::Invalid(invalid)
            }
        }
    }

    /// What became of everything so far.
    pub fn tally(&self) -> UsageTally {
        self.inner.queue.tally()
    }

    /// Delivers what is pending without waiting for batches to fill, and waits until everything
    /// accepted before is delivered or failed, or until the deadline has passed. Runs in a Tokio
    /// runtime.
    pub async fn flush(&self, deadline: Duration) -> Result<(), NotFlushed> {
        let queue = &self.inner.queue;
        let mark = queue.hurry();
        let done = queue.wait(|queue| queue.left(mark) == 0);
        match tokio::time::timeout(deadline, done).await {
            Ok(()) => Ok(()),
            Err(_elapsed) => not_flushed(queue.left(mark)),
        }
    }

    /// As [`flush`](Self::flush), for code without a runtime: blocks the thread.
    pub fn flush_blocking(&self, deadline: Duration) -> Result<(), NotFlushed> {
        let queue = &self.inner.queue;
        let mark = queue.hurry();
        queue.wait_in_thread(deadline, |settled, _ended| settled >= mark);
        not_flushed(queue.left(mark))
    }

    /// Takes no more, delivers what is pending, and gives the final count. What is not delivered
    /// by the deadline has failed; an event cut off on its way may have arrived all the same.
    /// Runs in a Tokio runtime.
    pub async fn shutdown(&self, deadline: Duration) -> UsageTally {
        let queue = &self.inner.queue;
        queue.close();
        if tokio::time::timeout(deadline, queue.wait(Queue::has_ended))
            .await
            .is_err()
        {
            queue.stop();
            let let_go = queue.wait(Queue::has_ended);
            drop(tokio::time::timeout(LETTING_GO, let_go).await);
        }
        queue.tally()
    }

    /// As [`shutdown`](Self::shutdown), for code without a runtime: blocks the thread.
    pub fn shutdown_blocking(&self, deadline: Duration) -> UsageTally {
        let queue = &self.inner.queue;
        queue.close();
        queue.wait_in_thread(deadline, |_settled, ended| ended);
        queue.stop();
        queue.wait_in_thread(LETTING_GO, |_settled, ended| ended);
        queue.tally()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.orphan();
    }
}

fn told(pushed: Pushed) -> Tracked {
    match pushed {
        Pushed::Accepted => Tracked::Accepted,
        Pushed::Closed => Tracked::Closed,
        Pushed::Full { first } => {
            if first {
                tracing::error!(
                    "too much usage is pending: events are dropped until some is delivered"
                );
            }
            Tracked::Full
        }
    }
}

fn not_flushed(left: u64) -> Result<(), NotFlushed> {
    if left == 0 {
        return Ok(());
    }
    Err(NotFlushed { left })
}
