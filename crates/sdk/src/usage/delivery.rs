//! The one who delivers: a batch at a time, in order, until Polar has it.
//!
//! Every event carries an id minted when it was tracked, so that a batch sent again after a lost
//! answer counts once.

use std::{
    fmt,
    panic::{self, AssertUnwindSafe},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use futures_util::future::select;
use polarkit_model::{Clock, EventCreate, Timestamp};
use tokio::time::{self, Instant};

use super::{
    LostReason, LostUsage,
    builder::OnLost,
    queue::{Due, Queue, Waiting},
    verdict::{Verdict, judge},
};
use crate::{Error, Polar, Retry};

/// The wait after a first failure; doubled with each further one.
const WAIT: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_mins(1);
/// A server that asks for more is asked again all the same.
const ASKED_WAIT_MAX: Duration = Duration::from_hours(1);
/// How long delivery goes on for nobody.
const ORPHAN: Duration = Duration::from_secs(10);

pub(super) struct Delivery {
    queue: Arc<Queue>,
    polar: Polar,
    clock: Arc<dyn Clock>,
    on_lost: OnLost,
    /// Parts of the batch under way; the last is sent first. They stay here while they are sent,
    /// so that whatever ends this task, each event is accounted for.
    parts: Vec<Vec<Waiting>>,
    /// Failures in a row.
    failures: u32,
}

impl Delivery {
    pub(super) fn new(
        queue: Arc<Queue>,
        polar: Polar,
        clock: Arc<dyn Clock>,
        on_lost: OnLost,
    ) -> Self {
        Self {
            queue,
            polar,
            clock,
            on_lost,
            parts: Vec::new(),
            failures: 0,
        }
    }

    /// Delivers until the queue is over or is to be let go of.
    pub(super) async fn run(mut self) {
        let queue = Arc::clone(&self.queue);
        let (stopped, orphaned) = (pin!(queue.stopped()), pin!(orphaned_for_long(&queue)));
        select(select(stopped, orphaned), pin!(self.deliver())).await;
    }

    async fn deliver(&mut self) {
        loop {
            match self.queue.next() {
                Due::Batch(batch) => {
                    self.parts.push(batch);
                    while !self.parts.is_empty() {
                        self.deliver_part().await;
                    }
                }
                Due::At(instant) => drop(time::timeout_at(instant, self.queue.woken()).await),
                Due::Idle => self.queue.woken().await,
                Due::Over => return,
            }
        }
    }

    async fn deliver_part(&mut self) {
        let Some(part) = self.parts.last() else {
            return;
        };
        let latest = self.surely_past();
        match self.send(part, latest).await {
            Ok(duplicates) => self.arrived(duplicates),
            Err(error) => self.did_not_arrive(&error, latest).await,
        }
    }

    /// Sends a part; gives the number of those Polar had before.
    async fn send(&self, part: &[Waiting], latest: Option<Timestamp>) -> Result<u64, Error> {
        let events = part.iter().map(|waiting| dated(&waiting.event, latest));
        let answer = self
            .polar
            .events()
            .ingest(events)
            .with_retry(Retry::never())
            .await?;
        let duplicates = answer.duplicates.unwrap_or_default();
        Ok(u64::try_from(duplicates).unwrap_or_default())
    }

    fn arrived(&mut self, duplicates: u64) {
        self.failures = 0;
        if let Some(part) = self.parts.pop() {
            self.queue.delivered(&part, duplicates);
        }
    }

    async fn did_not_arrive(&mut self, error: &Error, sent_latest: Option<Timestamp>) {
        let events = self.parts.last().map_or(0, Vec::len);
        match judge(error, events) {
            Verdict::Arrived => self.arrived(0),
            // Polar's clock was not known before it answered: ours may be ahead.
            Verdict::Without(_) | Verdict::Halve if sent_latest.is_none() && self.is_ahead() => {}
            Verdict::Without(places) => self.give_up(&places, error),
            Verdict::Halve => {
                let mut first = self.parts.pop().unwrap_or_default();
                let second = first.split_off(first.len() / 2);
                self.parts.extend([second, first]);
            }
            Verdict::Later(asked) => self.wait(error, asked).await,
        }
    }

    fn give_up(&mut self, places: &[usize], error: &Error) {
        let part = self.parts.pop().unwrap_or_default();
        let (mut refused, mut rest) = (Vec::new(), Vec::new());
        for (place, waiting) in part.into_iter().enumerate() {
            let side = if places.contains(&place) {
                &mut refused
            } else {
                &mut rest
            };
            side.push(waiting);
        }
        if !rest.is_empty() {
            self.parts.push(rest);
        }
        let reason = LostReason::Refused(error.to_string());
        self.lose(&refused, &reason);
    }

    /// Whoever is told is told before it counts, so that a flush finds his dead letters whole.
    fn lose(&self, events: &[Waiting], reason: &LostReason) {
        if events.is_empty() {
            return;
        }
        tracing::error!(events = events.len(), %reason, "usage is lost");
        for waiting in events {
            let lost = LostUsage {
                event: waiting.event.clone(),
                reason: reason.clone(),
            };
            // Theirs to panic in; ours to go on.
            let told = panic::catch_unwind(AssertUnwindSafe(|| (self.on_lost)(&lost)));
            if told.is_err() {
                tracing::error!("on_lost panicked");
            }
        }
        self.queue.failed(events);
    }

    /// Waits before the same part is sent again: as long as the server asks, where that is longer.
    /// Less long while somebody waits for it, unless the server asked.
    async fn wait(&mut self, error: &Error, asked: Option<Duration>) {
        self.failures = self.failures.saturating_add(1);
        let doubled = WAIT.saturating_mul(1 << (self.failures - 1).min(16));
        let wait = asked
            .unwrap_or_default()
            .clamp(doubled.min(WAIT_MAX), ASKED_WAIT_MAX);
        let pending = self.queue.tally().pending;
        tracing::warn!(%error, pending, wait_ms = wait.as_millis(), "usage not delivered yet");
        let begun = Instant::now();
        loop {
            let is_cut = asked.is_none() && self.queue.is_hurried();
            let until = begun + if is_cut { wait.min(WAIT) } else { wait };
            if time::timeout_at(until, self.queue.woken()).await.is_err() {
                return;
            }
        }
    }

    /// Now, by Polar's clock as far as it is known: its `Date` is whole seconds, rounded down.
    fn surely_past(&self) -> Option<Timestamp> {
        let offset = self.polar.server_time()?.offset;
        self.clock.now().checked_add(offset).ok()
    }

    fn is_ahead(&self) -> bool {
        let part = self.parts.last().into_iter().flatten();
        self.surely_past().is_some_and(|latest| {
            part.map(|waiting| timestamp(&waiting.event))
                .any(|timestamp| timestamp.is_some_and(|timestamp| timestamp > latest))
        })
    }
}

/// Whatever ended the delivery, nothing is pending any more.
impl Drop for Delivery {
    fn drop(&mut self) {
        let mut left: Vec<_> = self.parts.drain(..).rev().flatten().collect();
        left.extend(self.queue.end());
        self.lose(&left, &LostReason::Ended);
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").finish_non_exhaustive()
    }
}

async fn orphaned_for_long(queue: &Queue) {
    queue.orphaned().await;
    pause(ORPHAN).await;
}

#[expect(
    clippy::disallowed_methods,
    reason = "a grace counted from the moment nobody is left"
)]
async fn pause(wait: Duration) {
    time::sleep(wait).await;
}

/// The event, with a timestamp that Polar's clock has reached.
fn dated(event: &EventCreate, latest: Option<Timestamp>) -> EventCreate {
    let mut event = event.clone();
    let timestamp = match &mut event {
        EventCreate::Customer(event) => &mut event.timestamp,
        EventCreate::ExternalCustomer(event) => &mut event.timestamp,
        _ => return event,
    };
    *timestamp = match (*timestamp, latest) {
        (Some(timestamp), Some(latest)) => Some(timestamp.min(latest)),
        (timestamp, _) => timestamp,
    };
    event
}

fn timestamp(event: &EventCreate) -> Option<Timestamp> {
    match event {
        EventCreate::Customer(event) => event.timestamp,
        EventCreate::ExternalCustomer(event) => event.timestamp,
        _ => None,
    }
}
