//! Delivery of usage to Polar: leased, sent in batches, settled by the answer.
//!
//! Every event carries its own id as Polar's `external_id`, so that sending twice counts once: a
//! process killed between the answer and the settling costs nothing.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use polarkit_store::{Error, Pending, Verdict, crash};
use tokio_util::sync::CancellationToken;

use super::Event;
use crate::gateway::Gateway;
use crate::problem::chain;
use crate::upstream::Failure;

/// Events of one call to Polar.
const BATCH_MAX: i64 = 500;
/// How long leased events are nobody else's; longer than a call to Polar can take.
const LEASE: SignedDuration = SignedDuration::from_secs(120);
/// Longest wait between two tries.
const BACKOFF_MAX: SignedDuration = SignedDuration::from_mins(5);
/// Tries of an event Polar refuses by itself, when a clock that is a little off may be why.
const REFUSALS_MAX: i64 = 3;
/// How long the worker waits for a nudge before it looks anyway.
const LOOK_ANYWAY: Duration = Duration::from_secs(1);
/// Events that come one by one are given this long to gather.
const GATHER: Duration = Duration::from_millis(20);

/// Delivers what is due until told to stop.
pub(crate) async fn run(gateway: Gateway, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match batch(&gateway).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(error = %chain(&error), "usage delivery failed"),
        }
        let nudge = tokio::time::timeout(LOOK_ANYWAY, gateway.usage_came.notified());
        tokio::select! {
            () = stop.cancelled() => {}
            nudged = nudge => if nudged.is_ok() { crate::time::pause(GATHER).await },
        }
    }
}

/// Delivers one batch; says whether there was anything.
async fn batch(gateway: &Gateway) -> Result<bool, Error> {
    let now = gateway.time.local();
    let lease = now.checked_add(LEASE).unwrap_or(now).as_microsecond();
    let pending = gateway
        .store
        .usage_claim(now.as_microsecond(), lease, BATCH_MAX)
        .await?;
    if pending.is_empty() {
        return Ok(false);
    }
    crash::point("usage.leased");
    // By Polar's clock, before the events are there: a meter's state made later counts them. Taken
    // afterwards, a state made while the answer was under way would look older than its own events,
    // and they would be taken off twice until the meter moves again.
    let sent_at = gateway.time.now().as_microsecond();
    let mut verdicts = Vec::with_capacity(pending.len());
    let mut parts = vec![pending];
    while let Some(part) = parts.pop() {
        match send(gateway, &part).await {
            Ok(()) => verdicts.extend(part.into_iter().map(|event| (event.id, Verdict::Delivered))),
            // One bad event spoils its batch: halves are sent until it stands alone.
            Err(failure) if failure.is_about_the_request() && part.len() > 1 => {
                let mut first = part;
                let second = first.split_off(first.len() / 2);
                parts.extend([second, first]);
            }
            Err(failure) => {
                let verdict = |event: &Pending| verdict(gateway, event, &failure);
                verdicts.extend(part.iter().map(|event| (event.id.clone(), verdict(event))));
            }
        }
    }
    crash::point("usage.sent");
    gateway.store.usage_settle(&verdicts, sent_at).await?;
    crash::point("usage.settled");
    count(gateway, &verdicts);
    Ok(true)
}

async fn send(gateway: &Gateway, part: &[Pending]) -> Result<(), Failure> {
    // A clock a little ahead of Polar's must not make an event come from the future.
    let latest = gateway.time.surely_past();
    let mut events = Vec::with_capacity(part.len());
    for pending in part {
        let mut event: Event =
            serde_json::from_str(&pending.body).map_err(|_ours| Failure::Refused {
                fields: vec![pending.id.clone()],
            })?;
        event.timestamp = event.timestamp.min(latest);
        events.push(event);
    }
    gateway.polar.ingest(events).await
}

/// An outage is waited out however long it lasts; what Polar refuses by itself is given up.
fn verdict(gateway: &Gateway, event: &Pending, failure: &Failure) -> Verdict {
    let error = failure.to_string();
    if failure.is_about_the_request() && event.tries + 1 >= REFUSALS_MAX {
        tracing::error!(id = %event.id, %error, "usage event is a dead letter");
        return Verdict::Dead { error };
    }
    let wait = match failure {
        Failure::Limited {
            retry_after_seconds,
        } => SignedDuration::from_secs(i64::try_from(*retry_after_seconds).unwrap_or(60)),
        _ => backoff(event.tries),
    };
    let now: Timestamp = gateway.time.local();
    let due_at = now
        .checked_add(wait.min(BACKOFF_MAX))
        .unwrap_or(now)
        .as_microsecond();
    Verdict::Retry { due_at, error }
}

/// 1, 2, 4… seconds.
fn backoff(tries: i64) -> SignedDuration {
    let doublings = u32::try_from(tries.clamp(0, 9)).unwrap_or_default();
    SignedDuration::from_secs(1 << doublings)
}

fn count(gateway: &Gateway, verdicts: &[(String, Verdict)]) {
    let delivered = verdicts
        .iter()
        .filter(|(_, verdict)| matches!(verdict, Verdict::Delivered));
    gateway.metrics.usage("delivered", delivered.count());
    let dead = verdicts
        .iter()
        .filter(|(_, verdict)| matches!(verdict, Verdict::Dead { .. }));
    gateway.metrics.usage("dead", dead.count());
}
