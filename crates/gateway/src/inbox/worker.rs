//! From the intake through the inbox and the projection to the mirror, the entitlements and the outbox.
//!
//! Everything one batch causes is one transaction, so that a process killed at any moment leaves
//! either all of it or a delivery that still waits.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use polarkit_store::{Error, Tx, Waiting, crash};
use tokio_util::sync::CancellationToken;

use super::news::News;
use super::sort::{self, Letter};
use crate::gateway::Gateway;
use crate::problem::chain;
use crate::projection::Changes;
use crate::projection::apply::apply;
use crate::time::pause;

/// Deliveries of one transaction: SQLite's only writer is held for a few milliseconds at most.
const BATCH_MAX: i64 = 64;
/// The same while deliveries come in: answering Polar comes first, understanding it second.
const MODEST_BATCH_MAX: i64 = 16;
/// How many times as long as such a batch took the writer is then left to the intake.
const MODESTY: u32 = 8;
/// Longest it is left at once: however many come in, projecting goes on.
const MODESTY_MAX: Duration = Duration::from_millis(100);
/// Tries of one delivery before it is a dead letter.
const TRIES_MAX: i64 = 6;
/// How long the worker waits for a nudge before it looks anyway.
const LOOK_ANYWAY: Duration = Duration::from_secs(1);

/// Projects what waits until told to stop.
pub(crate) async fn run(gateway: Gateway, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let begun = Instant::now();
        let more = match batch(&gateway).await {
            Err(error) if error.is_about_the_data() => one_by_one(&gateway).await,
            outcome => outcome,
        };
        match more {
            Ok(true) => {
                if gateway.store.is_receiving() {
                    pause((begun.elapsed() * MODESTY).min(MODESTY_MAX)).await;
                }
                continue;
            }
            Ok(false) => {}
            Err(error) => tracing::error!(error = %chain(&error), "projection failed"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            // Elapsed is as good a reason to look as a nudge.
            _ = tokio::time::timeout(LOOK_ANYWAY, gateway.mail_came.notified()) => {}
        }
    }
}

/// Projects one batch, what failed before first; says whether there was anything.
async fn batch(gateway: &Gateway) -> Result<bool, Error> {
    let limit = if gateway.store.is_receiving() {
        MODEST_BATCH_MAX
    } else {
        BATCH_MAX
    };
    let now = gateway.time.local().as_microsecond();
    let mut tx = gateway.store.begin().await?;
    tx.intake_turn().await?;
    let waiting = tx.inbox_next(now, limit).await?;
    let (letters, any) = if waiting.is_empty() {
        sort::sort(&mut tx, gateway, limit, now).await?
    } else {
        (again(&mut tx, gateway, waiting, now).await?, true)
    };
    if !any {
        tx.commit().await?; // how far a journal is read that has nothing but damage left
        return Ok(false);
    }
    let changes = apply(&mut tx, gateway, &letters, now).await?;
    crash::point("projection.applied");
    changes.commit(tx, gateway).await?;
    crash::point("projection.committed");
    settled(gateway, &letters, changes).await;
    Ok(true)
}

/// Reads what waits in the inbox, and marks it as projected.
async fn again(
    tx: &mut Tx,
    gateway: &Gateway,
    waiting: Vec<Waiting>,
    now: i64,
) -> Result<Vec<Letter>, Error> {
    let mut letters = Vec::with_capacity(waiting.len());
    for mail in waiting {
        match News::read(&mail.body) {
            Ok(news) => letters.push(Letter { mail, news }),
            Err(error) => {
                let reason = chain(&error);
                sort::dead(gateway, &mail.webhook_id, &reason);
                tx.inbox_fail(&mail.webhook_id, &reason, None, now).await?;
            }
        }
    }
    let ids = letters.iter().map(|letter| letter.mail.webhook_id.as_str());
    tx.inbox_done(&ids.collect::<Vec<_>>(), now).await?;
    Ok(letters)
}

/// Tells the rest of the process, and whoever watches, of what is committed now.
async fn settled(gateway: &Gateway, letters: &[Letter], changes: Changes) {
    changes.tell(gateway).await;
    for Letter { mail, news } in letters {
        gateway.metrics.webhook(&news.kind, "processed");
        tracing::info!(id = %mail.webhook_id, kind = %news.kind, "webhook processed");
    }
}

/// The same, each delivery in a transaction of its own, to find the one the database refuses.
async fn one_by_one(gateway: &Gateway) -> Result<bool, Error> {
    let now = gateway.time.local().as_microsecond();
    let mut tx = gateway.store.begin().await?;
    tx.intake_turn().await?;
    sort::put_by(&mut tx, gateway, BATCH_MAX, now).await?;
    tx.commit().await?;
    for _ in 0..BATCH_MAX {
        let mut tx = gateway.store.begin().await?;
        tx.intake_turn().await?;
        let now = gateway.time.local();
        let Some(mail) = tx.inbox_next(now.as_microsecond(), 1).await?.pop() else {
            break;
        };
        let (webhook_id, tries) = (mail.webhook_id.clone(), mail.tries);
        match alone(tx, gateway, mail, now.as_microsecond()).await {
            Ok(()) => {}
            Err(error) if error.is_about_the_data() => {
                let reason = chain(&error);
                let last = tries + 1 >= TRIES_MAX;
                tracing::error!(id = %webhook_id, %reason, last, "delivery cannot be projected");
                let due = now.checked_add(backoff(tries)).unwrap_or(now);
                let due = (!last).then(|| due.as_microsecond());
                let now = now.as_microsecond();
                let store = &gateway.store;
                store.inbox_fail(&webhook_id, &reason, due, now).await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

async fn alone(mut tx: Tx, gateway: &Gateway, mail: Waiting, now: i64) -> Result<(), Error> {
    let letters = again(&mut tx, gateway, vec![mail], now).await?;
    let changes = apply(&mut tx, gateway, &letters, now).await?;
    changes.commit(tx, gateway).await?;
    settled(gateway, &letters, changes).await;
    Ok(())
}

/// 2, 4, 8… seconds.
fn backoff(tries: i64) -> SignedDuration {
    let doublings = u32::try_from(tries.clamp(0, 8)).unwrap_or_default();
    SignedDuration::from_secs(2 << doublings)
}
