//! How a tracker is made, and what bounds it.

use std::{fmt, io, sync::Arc, thread, time::Duration};

use polarkit_model::Clock;
use tokio::runtime::{self, Handle};

use super::{LostUsage, UsageTracker, delivery::Delivery, queue::Queue};
use crate::{Polar, SystemClock};

/// A tracker about to be started.
#[must_use]
pub struct UsageBuilder {
    polar: Polar,
    limits: Limits,
    clock: Arc<dyn Clock>,
    on_lost: OnLost,
}

/// What is told of an event that was accepted and will never arrive.
pub(super) type OnLost = Arc<dyn Fn(&LostUsage) + Send + Sync>;

/// The most a tracker holds, and the most a batch does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) events: usize,
    pub(super) bytes: usize,
    pub(super) batch_events: usize,
    pub(super) batch_bytes: usize,
    pub(super) batch_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            events: 50_000,
            bytes: 16 * 1024 * 1024,
            batch_events: 500,
            batch_bytes: 1024 * 1024,
            batch_age: Duration::from_secs(5),
        }
    }
}

impl UsageBuilder {
    pub(super) fn new(polar: Polar) -> Self {
        Self {
            polar,
            limits: Limits::default(),
            clock: Arc::new(SystemClock),
            on_lost: Arc::new(|_| {}),
        }
    }

    /// How many events may be pending: 50,000 unless told otherwise. One more is dropped.
    pub fn events_max(mut self, events_max: usize) -> Self {
        self.limits.events = events_max;
        self
    }

    /// How large the pending events may be, counted as JSON: 16 MiB unless told otherwise. In
    /// memory they take about three times as much.
    pub fn bytes_max(mut self, bytes_max: usize) -> Self {
        self.limits.bytes = bytes_max;
        self
    }

    /// How many events go in one request: 500 unless told otherwise, at least one.
    pub fn batch_events_max(mut self, batch_events_max: usize) -> Self {
        self.limits.batch_events = batch_events_max.max(1);
        self
    }

    /// How large a batch may be, counted as JSON, and thus an event: 1 MiB unless told otherwise.
    /// Polar takes 10 MiB.
    pub fn batch_bytes_max(mut self, batch_bytes_max: usize) -> Self {
        self.limits.batch_bytes = batch_bytes_max;
        self
    }

    /// How long an event may wait for its batch to fill: 5 seconds unless told otherwise. Each
    /// batch is a request, and counts against Polar's limit of requests.
    pub fn batch_age_max(mut self, batch_age_max: Duration) -> Self {
        self.limits.batch_age = batch_age_max;
        self
    }

    /// Who tells when an event was tracked.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Is told of every event that was accepted and will never arrive, for those who keep a dead
    /// letter. Called where batches are delivered, so it should be quick.
    pub fn on_lost(mut self, on_lost: impl Fn(&LostUsage) + Send + Sync + 'static) -> Self {
        self.on_lost = Arc::new(on_lost);
        self
    }

    /// The tracker. It delivers in a task of the Tokio runtime it is started in; started outside
    /// of one, in a thread of its own. Only a system that has no thread left makes it fail.
    pub fn start(self) -> io::Result<UsageTracker> {
        let queue = Arc::new(Queue::new(self.limits));
        let delivery = Delivery::new(
            Arc::clone(&queue),
            self.polar,
            Arc::clone(&self.clock),
            self.on_lost,
        );
        match Handle::try_current() {
            Ok(handle) => drop(handle.spawn(delivery.run())),
            Err(_no_runtime) => start_thread(delivery)?,
        }
        Ok(UsageTracker::new(queue, self.clock, self.limits))
    }
}

impl fmt::Debug for UsageBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsageBuilder")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

fn start_thread(delivery: Delivery) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let name = "polarkit-usage".to_owned();
    thread::Builder::new()
        .name(name)
        .spawn(move || runtime.block_on(delivery.run()))?;
    Ok(())
}
