//! Delivery of usage to Polar: one stream of batches for the whole organization, whichever of its
//! nodes sends it, settled by what Polar answers.
//!
//! Every event carries its own id as Polar's `external_id`, so that sending twice counts once: a
//! process killed between the answer and the settling costs nothing.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use polarkit_store::{Error, Pending, crash};
use tokio_util::sync::CancellationToken;

use super::batch::{self, BYTES_MAX, Outgoing};
use super::first::First;
use super::pace::Pace;
use super::rollup::{self, vet::Vetted};
use crate::gateway::Gateway;
use crate::problem::chain;
use crate::time::pause;
use crate::upstream::Failure;

/// The lease of the node that sends for all.
const LEASE: &str = "usage";
/// How long it lasts unless it is kept, and when that is done: a batch of many requests that fail
/// takes longer, and then another node may begin, which Polar and the store can bear.
const LEASE_LASTS: SignedDuration = SignedDuration::from_secs(120);
const LEASE_KEPT: SignedDuration = SignedDuration::from_secs(60);
/// How long the worker waits for a nudge before it looks anyway.
const LOOK_ANYWAY: Duration = Duration::from_secs(1);
/// Events that come one by one are given this long to gather.
const GATHER: Duration = Duration::from_millis(20);
/// Longest rest after Polar failed.
const REST_MAX: SignedDuration = SignedDuration::from_mins(5);
/// Failures in a row with one event alone, after which the next one is tried.
const STUCK: u32 = 3;

/// The stream, as far as this node sends it.
struct Stream {
    node: String,
    /// Until when nobody else sends, µs; 0 while somebody may.
    leased_until: i64,
    pace: Pace,
    first: First,
    vetted: Vetted,
    failures: u32,
    /// Nothing is sent before.
    rest_until: Timestamp,
}

/// Delivers what is due until told to stop.
pub(crate) async fn run(gateway: Gateway, stop: CancellationToken) {
    let mut stream = Stream {
        node: uuid::Uuid::new_v4().to_string(),
        leased_until: 0,
        pace: Pace::per_minute(gateway.config.usage.per_minute),
        first: First::default(),
        vetted: Vetted::default(),
        failures: 0,
        rest_until: Timestamp::MIN,
    };
    while !stop.is_cancelled() {
        let sent = tokio::select! {
            // A batch that is under way when all ends is sent again, and counts once.
            () = stop.cancelled() => break,
            sent = stream.step(&gateway) => sent,
        };
        match sent {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(error = %chain(&error), "usage delivery failed"),
        }
        let nudge = tokio::time::timeout(LOOK_ANYWAY, gateway.usage_came.notified());
        tokio::select! {
            () = stop.cancelled() => {}
            nudged = nudge => if nudged.is_ok() { pause(GATHER).await },
        }
    }
    if let Err(error) = gateway.store.release(LEASE, &stream.node).await {
        tracing::debug!(error = %chain(&error), "the lease runs out by itself");
    }
}

impl Stream {
    /// Delivers one batch; says whether there was anything.
    async fn step(&mut self, gateway: &Gateway) -> Result<bool, Error> {
        let now = gateway.time.local();
        if now < self.rest_until && !self.is_far_ahead(now) {
            return Ok(false);
        }
        if gateway.config.usage.hold_minutes > 0 {
            gateway.store.usage_let_go(now.as_microsecond()).await?;
        }
        let batch = self.due(gateway, now).await?;
        if batch.is_empty() || !self.leads(gateway, now).await? {
            return Ok(false);
        }
        crash::point("usage.leased");
        if !self.roll_up(gateway, &batch, now).await? {
            self.send(gateway, batch).await?;
        }
        Ok(true)
    }

    /// Makes one event of those that may go as one; says whether there were any, and that the batch is
    /// another now.
    async fn roll_up(
        &mut self,
        gateway: &Gateway,
        batch: &[Outgoing],
        now: Timestamp,
    ) -> Result<bool, Error> {
        let may = |one: &&Outgoing| !one.bundle && one.event.rollup.is_some();
        let due: Vec<&Pending> = batch.iter().filter(may).map(|one| &one.event).collect();
        if due.is_empty() {
            return Ok(false);
        }
        let bundles = rollup::bundles(self.vetted.rules(gateway).await, &due);
        if bundles.is_empty() {
            return Ok(false);
        }
        let store = &gateway.store;
        store.usage_bundle(&bundles, now.as_microsecond()).await
    }

    /// A rest that was decided by a clock that was ahead.
    fn is_far_ahead(&self, now: Timestamp) -> bool {
        self.rest_until.duration_since(now) > REST_MAX
    }

    /// Takes or keeps the stream; not with every batch.
    async fn leads(&mut self, gateway: &Gateway, now: Timestamp) -> Result<bool, Error> {
        let after = |span| now.checked_add(span).unwrap_or(now).as_microsecond();
        let (spare, lasts) = (after(LEASE_KEPT), after(LEASE_LASTS));
        if (spare..=lasts).contains(&self.leased_until) {
            return Ok(true);
        }
        let now = now.as_microsecond();
        let leads = gateway.store.lease(LEASE, &self.node, now, lasts).await?;
        self.leased_until = if leads { lasts } else { 0 };
        Ok(leads)
    }

    /// The next batch.
    async fn due(&mut self, gateway: &Gateway, now: Timestamp) -> Result<Vec<Outgoing>, Error> {
        let store = &gateway.store;
        let limit = i64::try_from(self.pace.events()).unwrap_or(i64::MAX);
        let now = now.as_microsecond();
        let made = store.usage_bundles_due(now, limit).await?;
        let made = made.into_iter().map(|event| Outgoing {
            event,
            bundle: true,
        });
        let mut batch: Vec<Outgoing> = made.collect();
        let as_told = |event| Outgoing {
            event,
            bundle: false,
        };
        if batch.is_empty() {
            let first = self.first.due(gateway, now, limit).await?;
            batch.extend(first.into_iter().map(as_told));
        }
        if batch.is_empty() {
            let due = store.usage_due(now, limit, BYTES_MAX).await?;
            batch.extend(due.into_iter().map(as_told));
        }
        batch::cut(&mut batch);
        Ok(batch)
    }

    async fn send(&mut self, gateway: &Gateway, batch: Vec<Outgoing>) -> Result<(), Error> {
        // By Polar's clock, before the events are there: a meter's state made later counts them. Taken
        // afterwards, a state made while the answer was under way would look older than its own events,
        // and they would be taken off twice until the meter moves again.
        let sent_at = gateway.time.now().as_microsecond();
        let alone = (batch.len() == 1).then(|| batch.first().cloned()).flatten();
        let mut outcome = batch::send(gateway, &mut self.pace, batch).await;
        // A meter's state made in between may count them or not: whoever must be sure asks for a
        // later one.
        let answered_at = gateway.time.now().as_microsecond();
        crash::point("usage.sent");
        match outcome.trouble.take() {
            None => self.failures = 0,
            Some(trouble) => {
                self.rest(gateway, &trouble);
                let stuck = trouble == Failure::Failed && self.failures >= STUCK;
                if let Some(one) = alone.filter(|_| stuck) {
                    batch::step_aside(gateway, &mut outcome, one);
                }
            }
        }
        let duplicates = outcome.duplicates;
        let settled = outcome.settled();
        if !settled.is_empty() {
            let store = &gateway.store;
            let settling = store.usage_settle(&settled, duplicates, sent_at, answered_at);
            settling.await?;
            crash::point("usage.settled");
        }
        Ok(())
    }

    /// An outage is waited out however long it lasts: for 1, 2, 4… seconds, or what Polar says.
    fn rest(&mut self, gateway: &Gateway, trouble: &Failure) {
        let doublings = self.failures.min(9);
        self.failures = self.failures.saturating_add(1);
        let rest = match trouble {
            Failure::Limited {
                retry_after_seconds,
            } => SignedDuration::from_secs(i64::try_from(*retry_after_seconds).unwrap_or(60)),
            _ => SignedDuration::from_secs(1 << doublings),
        };
        let now = gateway.time.local();
        self.rest_until = now.checked_add(rest.min(REST_MAX)).unwrap_or(now);
        tracing::warn!(error = %trouble, "usage waits for Polar");
    }
}
