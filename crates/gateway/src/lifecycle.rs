//! From a listener to a server that answers, works, and stops without leaving anything undone.

use std::io;
use std::time::Duration;

use axum::Router;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Watchdog;
use crate::entitlement::provisional;
use crate::gateway::Gateway;
use crate::metering::proxy;
use crate::problem::chain;
use crate::time::pause;
use crate::{
    checkout, clock, entitlement, http, inbox, license, listen, reconcile, shared, subscriber,
    usage, watchdog,
};

/// How often what is no longer needed is thrown away.
const TIDY_EVERY: Duration = Duration::from_hours(1);
/// How long delivered usage is kept, for balances of meters that lag.
const USAGE_KEPT: SignedDuration = SignedDuration::from_hours(48);

/// Serves until told to stop, then waits for every request, every worker and every row.
pub async fn serve(
    gateway: Gateway,
    listener: TcpListener,
    stop: CancellationToken,
) -> io::Result<()> {
    let app = http::router(gateway.clone());
    serve_app(gateway, app, listener, stop).await
}

/// The same, with the metering proxy of its configuration on a listener of its own.
pub async fn serve_with_meter(
    gateway: Gateway,
    listener: TcpListener,
    meter: TcpListener,
    stop: CancellationToken,
) -> io::Result<()> {
    let app = http::router(gateway.clone());
    let settings = gateway.config.metering.clone();
    let settings = settings.ok_or_else(|| io::Error::other("no app is named to meter"))?;
    let proxy = proxy::router(gateway.clone(), settings, stop.child_token());
    let proxy = proxy.map_err(io::Error::other)?;
    serve_all(gateway, [(app, listener), (proxy, meter)], stop).await
}

/// The same, for an application that nests the gateway's [`router`](crate::router) in its own.
pub async fn serve_app(
    gateway: Gateway,
    app: Router,
    listener: TcpListener,
    stop: CancellationToken,
) -> io::Result<()> {
    serve_all(gateway, [(app, listener)], stop).await
}

async fn serve_all(
    gateway: Gateway,
    faces: impl IntoIterator<Item = (Router, TcpListener)>,
    stop: CancellationToken,
) -> io::Result<()> {
    let tasks = TaskTracker::new();
    let workers = stop.child_token();
    tasks.spawn(inbox::worker::run(gateway.clone(), workers.clone()));
    tasks.spawn(entitlement::expiry::run(gateway.clone(), workers.clone()));
    tasks.spawn(usage::deliver::run(gateway.clone(), workers.clone()));
    tasks.spawn(tidy(gateway.clone(), workers.clone()));
    tasks.spawn(clock::run(gateway.clone(), workers.clone()));
    tasks.spawn(http::health::watch(gateway.clone(), workers.clone()));
    tasks.spawn(shared::run(gateway.clone(), workers.clone()));
    if gateway.config.healing.reconcile {
        tasks.spawn(reconcile::run(gateway.clone(), workers.clone()));
    }
    if gateway.config.healing.watchdog != Watchdog::Off {
        tasks.spawn(watchdog::run(gateway.clone(), workers.clone()));
    }
    tasks.spawn(subscriber::worker::run(gateway.clone(), workers.clone()));
    if gateway.config.leasing.signer.is_some() {
        tasks.spawn(license::lease::recheck::run(
            gateway.clone(),
            workers.clone(),
        ));
    }
    let (readers, leave) = (gateway.clone(), workers.clone());
    tasks.spawn(async move {
        // First of all, because the server waits for connections, and theirs never end.
        leave.cancelled().await;
        readers.readers.close().await;
    });
    let faces = faces.into_iter();
    let faces = faces.map(|(app, listener)| listen::serve(listener, app, &stop));
    join_all(faces).await;
    workers.cancel();
    tasks.close();
    tasks.wait().await;
    gateway.checkouts.opening.land().await;
    gateway.licenses.flights.land().await;
    gateway.afterwards.land().await;
    gateway.store.close().await;
    Ok(())
}

/// Throws away what is no longer needed, so that no table grows for ever.
async fn tidy(gateway: Gateway, stop: CancellationToken) {
    loop {
        if let Err(error) = throw_away(&gateway).await {
            tracing::warn!(error = %chain(&error), "old rows cannot be thrown away");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = pause(TIDY_EVERY) => {}
        }
    }
}

async fn throw_away(gateway: &Gateway) -> Result<(), polarkit_store::Error> {
    let now = gateway.time.local();
    let before = |kept: SignedDuration| cut_off(now, kept);
    let days = SignedDuration::from_hours(24 * i64::from(gateway.config.inbox_days));
    let told = SignedDuration::from_hours(24 * i64::from(gateway.config.events_days));
    let tries = SignedDuration::from_hours(24 * i64::from(gateway.config.delivery_log_days));
    let waits_since = subscriber::worker::waits_since(gateway, now);
    let store = &gateway.store;
    let reason = "it waited too long";
    let expired = store.deliveries_expire(waits_since, reason, now.as_microsecond());
    if expired.await? > 0 {
        tracing::error!("deliveries that waited too long are dead letters");
    }
    store.deliveries_prune(before(told), before(tries)).await?;
    store.told_prune(before(told)).await?;
    store
        .mirror_prune(provisional::KIND, paid_since(gateway, told))
        .await?;
    gateway.store.inbox_prune(before(days)).await?;
    gateway.store.drift_prune(before(days)).await?;
    gateway.store.usage_prune(before(USAGE_KEPT)).await?;
    license::lease::prune(gateway).await?;
    let expired = store.reservations_expire(now.as_microsecond()).await?;
    gateway.metrics.reservations("expired", expired);
    store
        .reservations_prune(before(usage::reservation::KEPT))
        .await?;
    gateway
        .store
        .idempotency_prune(before(checkout::KEYS_KEPT))
        .await
}

/// Paid checkouts are kept as long as what was told, and for as long as they speak for themselves:
/// µs of Polar's time.
fn paid_since(gateway: &Gateway, told: SignedDuration) -> i64 {
    let minutes = gateway.config.selling.provisional_minutes;
    let speaks = SignedDuration::from_mins(i64::from(minutes));
    cut_off(gateway.time.now(), told.max(speaks))
}

/// Before when it may go, µs; what is kept for longer than there is time never goes.
fn cut_off(now: Timestamp, kept: SignedDuration) -> i64 {
    now.checked_sub(kept)
        .unwrap_or(Timestamp::MIN)
        .as_microsecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_kept_for_ever_is_not_thrown_away_at_once() {
        let now = Timestamp::UNIX_EPOCH;
        let days = |days: i64| SignedDuration::from_hours(24 * days);
        assert_eq!(cut_off(now, days(1)), -86_400_000_000);
        assert_eq!(
            cut_off(now, days(i64::from(u32::MAX))),
            Timestamp::MIN.as_microsecond()
        );
    }
}
