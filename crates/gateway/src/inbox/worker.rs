//! From the inbox through the projection to the mirror, the entitlements and the outbox.
//!
//! Everything one batch causes is one transaction, so that a process killed at any moment leaves
//! either all of it or a delivery that still waits.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use polarkit_store::{Error, Notice, Tx, Waiting, crash};
use tokio_util::sync::CancellationToken;

use super::news::News;
use crate::entitlement::cause::Cause;
use crate::gateway::Gateway;
use crate::problem::chain;
use crate::projection::{self, Changes};
use crate::subscriber::audience::Audience;
use crate::subscriber::notice;
use crate::time::pause;

/// Deliveries of one transaction: SQLite's only writer is held for a few milliseconds at most.
const BATCH_MAX: i64 = 64;
/// The same while deliveries come in: answering Polar comes first, understanding it second.
const MODEST_BATCH_MAX: i64 = 8;
/// How many times as long as such a batch took the writer is then left to the intake.
const MODESTY: u32 = 3;
/// Longest it is left at once: however many come in, projecting goes on.
const MODESTY_MAX: Duration = Duration::from_millis(50);
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

/// Projects one batch; says whether there was anything.
async fn batch(gateway: &Gateway) -> Result<bool, Error> {
    let limit = if gateway.store.is_receiving() {
        MODEST_BATCH_MAX
    } else {
        BATCH_MAX
    };
    let mut tx = gateway.store.begin().await?;
    let waiting = tx
        .inbox_next(gateway.time.local().as_microsecond(), limit)
        .await?;
    if waiting.is_empty() {
        return Ok(false);
    }
    let changes = apply(&mut tx, gateway, &waiting).await?;
    crash::point("projection.applied");
    tx.commit().await?;
    crash::point("projection.committed");
    changes.tell(gateway).await;
    Ok(true)
}

/// The same, each delivery in a transaction of its own, to find the one the database refuses.
async fn one_by_one(gateway: &Gateway) -> Result<bool, Error> {
    for _ in 0..BATCH_MAX {
        let mut tx = gateway.store.begin().await?;
        let now = gateway.time.local();
        let Some(mail) = tx.inbox_next(now.as_microsecond(), 1).await?.pop() else {
            break;
        };
        match apply(&mut tx, gateway, std::slice::from_ref(&mail)).await {
            Ok(changes) => {
                tx.commit().await?;
                changes.tell(gateway).await;
            }
            Err(error) if error.is_about_the_data() => {
                drop(tx);
                let reason = chain(&error);
                let last = mail.tries + 1 >= TRIES_MAX;
                tracing::error!(id = %mail.webhook_id, %reason, last, "delivery cannot be projected");
                let due = now.checked_add(backoff(mail.tries)).unwrap_or(now);
                let due = (!last).then(|| due.as_microsecond());
                let now = now.as_microsecond();
                gateway
                    .store
                    .inbox_fail(&mail.webhook_id, &reason, due, now)
                    .await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// 2, 4, 8… seconds.
fn backoff(tries: i64) -> SignedDuration {
    let doublings = u32::try_from(tries.clamp(0, 8)).unwrap_or_default();
    SignedDuration::from_secs(2 << doublings)
}

async fn apply(tx: &mut Tx, gateway: &Gateway, waiting: &[Waiting]) -> Result<Changes, Error> {
    let now = gateway.time.local().as_microsecond();
    let mut changes = Changes::default();
    let mut readable = Vec::with_capacity(waiting.len());
    for mail in waiting {
        match News::read(&mail.body) {
            Ok(news) => readable.push((mail, news)),
            Err(error) => {
                let reason = chain(&error);
                tracing::error!(id = %mail.webhook_id, %reason, "webhook is a dead letter");
                gateway.metrics.webhook("", "dead");
                tx.inbox_fail(&mail.webhook_id, &reason, None, now).await?;
            }
        }
    }
    let customers = readable.iter().flat_map(|(_, news)| news.customers());
    changes.customers = customers.map(str::to_owned).collect();
    tx.lock_customers(&changes.customers).await?;
    let mut notices = Vec::with_capacity(readable.len());
    let mut led: BTreeMap<&str, Vec<Cause>> = BTreeMap::new();
    for (mail, news) in &readable {
        notices.extend(note(tx, gateway, mail, news, now).await?);
        for customer in news.customers().collect::<BTreeSet<_>>() {
            let led = led.entry(customer).or_default();
            led.push(Cause::webhook(mail, news));
        }
        let external_ids = news
            .objects
            .iter()
            .filter_map(|object| object.external_id.clone());
        changes.external_ids.extend(external_ids);
        changes.checkouts.extend(news.checkout);
    }
    for customer in &changes.customers {
        let led = led.get(customer.as_str()).map_or(&[][..], Vec::as_slice);
        let entitled = projection::align(tx, gateway, customer, led).await?;
        entitled.mark(tx, gateway, customer, now).await?;
        notices.extend(entitled.notices);
    }
    let over = readable.iter().filter(|(_, news)| news.checkout_is_over);
    let over = over.filter_map(|(_, news)| news.checkout.map(|id| id.to_string()));
    tx.idempotency_over(&over.collect()).await?;
    Audience::read(tx).await?.tell(tx, notices, now).await?;
    Ok(changes)
}

/// Takes one event into the mirror; says what is to be told of it.
async fn note(
    tx: &mut Tx,
    gateway: &Gateway,
    mail: &Waiting,
    news: &News,
    now: i64,
) -> Result<Vec<Notice>, Error> {
    // Its own event always tells of it; any other only when it is news.
    let paid = news
        .objects
        .first()
        .filter(|one| notice::is_paid_order(one));
    let known = match paid.filter(|_| news.kind != notice::ORDER_PAID) {
        Some(order) => tx.body(&order.customer, "order", &order.id).await?,
        None => None,
    };
    let paid = paid.filter(|_| !known.as_deref().is_some_and(notice::shows_paid));
    for object in &news.objects {
        projection::take(tx, gateway, object, now).await?;
    }
    let mut notices = Vec::from_iter(notice::of_mail(mail, news));
    if let Some(order) = paid {
        let external_id = tx.external_id(&order.customer).await?;
        let led = std::slice::from_ref(&mail.webhook_id);
        notices.extend(notice::of_paid_order(order, external_id.as_deref(), led));
    }
    tx.inbox_done(&mail.webhook_id, now).await?;
    gateway.metrics.webhook(&news.kind, "processed");
    tracing::info!(id = %mail.webhook_id, kind = %news.kind, "webhook processed");
    Ok(notices)
}
