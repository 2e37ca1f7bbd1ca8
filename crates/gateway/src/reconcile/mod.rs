//! Reading Polar back: what webhooks keep fresh, this keeps true.
//!
//! Four things, the more urgent first: customers in doubt are read at once; so are licence keys that
//! were just granted, once each; every few minutes
//! Polar is asked what happened lately, and whom nothing told of becomes a doubt; once a day
//! every list is read to its end. All of it goes through the projection, so that a read never
//! overwrites what a webhook told later, and all of it keeps to one budget of requests.

pub(crate) mod budget;
mod customer;
mod drift;
mod lately;
mod license;
mod page;
mod pass;
pub(crate) mod table;
mod take;
mod vanished;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use moka::future::Cache;
use polarkit_store::{Error, Reading};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use self::budget::{Budget, HOLD_MAX};
use crate::config::Config;
use crate::gateway::Gateway;
use crate::inbox::news::Unreadable;
use crate::problem::chain;
use crate::time::pause;
use crate::upstream::Failure;

/// The lease one node holds while it reads for all.
const LEASE: &str = "reconcile";
/// How long it lasts unless it is kept; longer than any step takes.
const LEASE_LASTS: SignedDuration = SignedDuration::from_mins(2);
/// How long the reader waits for a nudge before it looks anyway.
const LOOK_ANYWAY: Duration = Duration::from_secs(1);
/// Customers that are remembered as asked about, and how long.
const RECHECKED_MAX: u64 = 10_000;
const RECHECKED_KEPT: Duration = Duration::from_mins(1);
/// How long a caller waits for a turn under the budget.
const RECHECK_WAITS: Duration = Duration::from_millis(500);
/// How long a caller waits for Polar's answer.
const RECHECK_LASTS: Duration = Duration::from_secs(5);
/// Longest wait after failures in a row.
const BACKOFF_MAX: Duration = Duration::from_mins(1);

/// What reading back shares with the rest of the process.
#[derive(Debug)]
pub(crate) struct Reconcile {
    pub(crate) budget: Budget,
    /// There is something to read.
    pub(crate) asked: Notify,
    /// As of when nothing is missed, µs of Polar's time; 0 while that can't be said.
    verified_at: AtomicI64,
    /// Every list was read to its end at least once.
    backfilled: AtomicBool,
    /// Customers Polar was asked about before they were denied something.
    rechecked: Cache<String, ()>,
    /// Names this node.
    node: String,
}

impl Reconcile {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            budget: Budget::per_minute(config.healing.per_minute),
            asked: Notify::new(),
            verified_at: AtomicI64::new(0),
            backfilled: AtomicBool::new(false),
            rechecked: Cache::builder()
                .max_capacity(RECHECKED_MAX)
                .time_to_live(RECHECKED_KEPT)
                .build(),
            node: uuid::Uuid::new_v4().to_string(),
        }
    }
}

impl Reconcile {
    /// Whether every list was read to its end at least once.
    pub(crate) fn is_backfilled(&self) -> bool {
        self.backfilled.load(Ordering::Relaxed)
    }

    /// As of when every change of Polar's is known here, if that can be said.
    pub(crate) fn verified(&self) -> Option<Timestamp> {
        let at = self.verified_at.load(Ordering::Relaxed);
        Timestamp::from_microsecond(at).ok().filter(|_| at > 0)
    }
}

/// Asks Polar once what a customer may use, before they are denied it on old news. Who asks about
/// the same customer meanwhile, or soon after, shares the answer, also that there was none; without
/// a turn under the budget what is known stands, and the next caller tries.
pub(crate) async fn recheck(gateway: &Gateway, external_id: &str) {
    let reconcile = &gateway.reconcile;
    let ask = async {
        if !reconcile
            .budget
            .turn_within(&gateway.shared, RECHECK_WAITS)
            .await
        {
            return Err(NoTurn);
        }
        let asked = customer::recheck(gateway, external_id);
        match tokio::time::timeout(RECHECK_LASTS, asked).await {
            Ok(Ok(())) => {}
            Ok(Err(trouble)) => {
                if let Trouble::Polar(Failure::Limited { .. }) = &trouble {
                    reconcile
                        .budget
                        .hold(trouble.holds_all(0).unwrap_or_default());
                }
                tracing::warn!(error = %chain(&trouble), "a customer is denied on old news");
            }
            Err(_elapsed) => tracing::warn!("a customer is denied on old news: Polar is too slow"),
        }
        Ok(())
    };
    let asked = reconcile.rechecked.try_get_with_by_ref(external_id, ask);
    if Box::pin(asked).await.is_err() {
        tracing::debug!("no turn to ask Polar before a customer is denied something");
    }
}

/// The budget has none for now.
struct NoTurn;

/// Why a step could not be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// Polar did not do as asked.
    #[error(transparent)]
    Polar(#[from] Failure),
    /// The store did not.
    #[error(transparent)]
    Store(#[from] Error),
    /// The answer is no list, or no object.
    #[error("Polar's answer cannot be read")]
    Shape(#[from] serde_json::Error),
    /// An object in it is none.
    #[error(transparent)]
    Object(#[from] Unreadable),
    /// The answer tells of a moment that does not settle the question yet.
    #[error("the answer is not yet newer than what is in doubt")]
    TooEarly,
}

impl Trouble {
    /// How long to make no request at all; `None` when the trouble is this one request's.
    fn holds_all(&self, failures: u32) -> Option<Duration> {
        let backoff = Duration::from_secs(1 << failures.min(6)).min(BACKOFF_MAX);
        match self {
            Self::Polar(Failure::Limited {
                retry_after_seconds,
            }) => Some(Duration::from_secs(*retry_after_seconds).min(HOLD_MAX)),
            Self::Polar(Failure::Unreachable | Failure::Failed | Failure::Absent)
            | Self::Store(_) => Some(backoff),
            Self::Polar(Failure::Credentials | Failure::NotFound | Failure::Refused { .. })
            | Self::Shape(_)
            | Self::Object(_)
            | Self::TooEarly => None,
        }
    }
}

/// As of when nothing is missed: every list was read once, every change since was looked at, and
/// nobody is in doubt. 0 while that can't be said.
async fn verified(gateway: &Gateway) -> Result<i64, Error> {
    let readings = gateway.store.readings().await?;
    let backfilled = is_backfilled(&readings);
    let known = &gateway.reconcile.backfilled;
    known.store(backfilled, Ordering::Relaxed);
    if !backfilled || gateway.store.doubts().await? > 0 {
        return Ok(0);
    }
    let lately = readings.iter().find(|reading| reading.kind == lately::KIND);
    Ok(lately.and_then(|one| one.complete_at).unwrap_or_default())
}

/// Reads one licence key now, if there is a turn soon enough for a caller who waits.
pub(crate) async fn read_license(gateway: &Gateway, id: &str) {
    let read = tokio::time::timeout(RECHECK_WAITS, license::read(gateway, id));
    if let Ok(Err(trouble)) = read.await {
        tracing::debug!(error = %chain(&trouble), "a licence key cannot be read");
    }
}

/// Has every list read from its beginning, now.
pub(crate) async fn restart(gateway: &Gateway) -> Result<(), Error> {
    pass::restart(gateway).await
}

/// Has read back what Polar did since a moment (µs of Polar's time) that was not delivered.
pub(crate) async fn close_gap(gateway: &Gateway, from: i64) -> Result<(), Error> {
    lately::look_back(gateway, from).await?;
    pass::restart(gateway).await
}

/// Whether every list was read to its end at least once.
pub(crate) fn is_backfilled(readings: &[Reading]) -> bool {
    let complete = |table: &table::Table| {
        let reading = readings.iter().find(|reading| reading.kind == table.kind);
        reading.is_some_and(|reading| reading.complete_at.is_some())
    };
    table::TABLES.iter().chain([&table::SEATS]).all(complete)
}

/// Reads Polar back until told to stop.
pub(crate) async fn run(gateway: Gateway, stop: CancellationToken) {
    let mut failures = 0;
    while !stop.is_cancelled() {
        let step = tokio::select! {
            () = stop.cancelled() => break,
            step = step(&gateway) => step,
        };
        let wait = match step {
            Ok(true) => {
                failures = 0;
                continue;
            }
            Ok(false) => LOOK_ANYWAY,
            Err(trouble) => {
                let wait = trouble.holds_all(failures).unwrap_or(LOOK_ANYWAY);
                failures += 1;
                let seconds = wait.as_secs();
                tracing::warn!(error = %chain(&trouble), seconds, "reading Polar back pauses");
                gateway.reconcile.budget.hold(wait);
                wait
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = gateway.reconcile.asked.notified(), if failures == 0 => {}
            () = pause(wait) => {}
        }
    }
    let node = &gateway.reconcile.node;
    if let Err(error) = gateway.store.release(LEASE, node).await {
        tracing::debug!(error = %chain(&error), "the lease runs out by itself");
    }
}

/// Does the most urgent thing; says whether there was any. What is only one customer's or one
/// list's trouble is written down with it and holds nobody else back.
async fn step(gateway: &Gateway) -> Result<bool, Trouble> {
    let verified = verified(gateway).await?;
    gateway
        .reconcile
        .verified_at
        .store(verified, Ordering::Relaxed);
    let now = gateway.time.local();
    let until = now.checked_add(LEASE_LASTS).unwrap_or(now);
    let (from, until) = (now.as_microsecond(), until.as_microsecond());
    let node = &gateway.reconcile.node;
    if !gateway.store.lease(LEASE, node, from, until).await? {
        return Ok(false);
    }
    Ok(customer::step(gateway).await?
        || license::step(gateway).await?
        || lately::step(gateway).await?
        || pass::step(gateway).await?)
}
