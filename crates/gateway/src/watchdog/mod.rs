//! The watchdog: Polar switches an endpoint off after ten failures and then writes nothing down for
//! it. This notices, says so loudly, switches it on again where that is allowed, has delivered
//! again what failed, and has read back what was never written down.

mod endpoint;
mod redeliver;

use std::time::Duration;

use jiff::SignedDuration;
use polarkit_store::Watched;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use self::endpoint::Found;
use crate::config::Watchdog;
use crate::gateway::Gateway;
use crate::problem::chain;
use crate::reconcile::{self, Trouble};
use crate::time::{is_past, pause};

/// The lease one node holds while it watches for all.
const LEASE: &str = "watchdog";
/// How long it lasts unless it is kept; longer than any look takes.
const LEASE_LASTS: SignedDuration = SignedDuration::from_mins(5);
/// How long the watchdog waits before it asks itself whether it is time.
const LOOK_ANYWAY: Duration = Duration::from_secs(1);

/// What the watchdog shares with the rest of the process.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Something is suspicious: look now.
    pub(crate) look: Notify,
    /// Names this node.
    node: String,
}

impl Watch {
    pub(crate) fn new() -> Self {
        Self {
            look: Notify::new(),
            node: uuid::Uuid::new_v4().to_string(),
        }
    }
}

/// Watches until told to stop.
pub(crate) async fn run(gateway: Gateway, stop: CancellationToken) {
    let mut suspicious = false;
    while !stop.is_cancelled() {
        if let Err(trouble) = turn(&gateway, suspicious).await {
            tracing::error!(error = %chain(&trouble), "the webhook endpoint cannot be looked at");
        }
        suspicious = tokio::select! {
            () = stop.cancelled() => false,
            () = gateway.watchdog.look.notified() => true,
            () = pause(LOOK_ANYWAY) => false,
        };
    }
    let node = &gateway.watchdog.node;
    if let Err(error) = gateway.store.release(LEASE, node).await {
        tracing::debug!(error = %chain(&error), "the lease runs out by itself");
    }
}

/// Looks when it is time, or when something is suspicious.
async fn turn(gateway: &Gateway, suspicious: bool) -> Result<(), Trouble> {
    let now = gateway.time.local();
    let before = gateway.store.watched().await?;
    let every = SignedDuration::from_mins(i64::from(gateway.config.healing.watchdog_minutes));
    let is_due = before
        .as_ref()
        .is_none_or(|last| is_past(last.checked_at, every, now.as_microsecond()));
    if !suspicious && !is_due {
        return Ok(());
    }
    let until = now.checked_add(LEASE_LASTS).unwrap_or(now).as_microsecond();
    let node = &gateway.watchdog.node;
    if !gateway
        .store
        .lease(LEASE, node, now.as_microsecond(), until)
        .await?
    {
        return Ok(());
    }
    let well_at = before.as_ref().and_then(|last| last.well_at);
    let watched = match look(gateway, before.as_ref()).await {
        Ok(watched) => watched,
        Err(trouble) => {
            let error = chain(&trouble);
            tracing::error!(%error, "whether the webhook endpoint is well cannot be told");
            gateway.metrics.endpoint(false);
            Watched {
                condition: "unknown".to_owned(),
                checked_at: now.as_microsecond(),
                well_at,
                error: Some(error),
            }
        }
    };
    Ok(gateway.store.put_watched(&watched).await?)
}

/// Finds the endpoint, and mends what is wrong with it as far as that is allowed.
async fn look(gateway: &Gateway, before: Option<&Watched>) -> Result<Watched, Trouble> {
    let (found, at) = endpoint::find(gateway).await?;
    let well_at = before.and_then(|last| last.well_at);
    // Once is enough: what goes on while it is not well is read back anyway, as untold.
    let is_news = before.is_none_or(|last| last.condition != found.word());
    let mut watched = Watched {
        condition: found.word().to_owned(),
        checked_at: gateway.time.local().as_microsecond(),
        well_at: Some(well_at.unwrap_or(at)),
        error: None,
    };
    gateway.metrics.endpoint(matches!(found, Found::Well(_)));
    let heals = gateway.config.healing.watchdog == Watchdog::Heal;
    let id = match found {
        Found::Well(id) => id,
        Found::Missing => {
            tracing::error!(
                remedy = "create it at Polar, with the secret in POLAR_WEBHOOK_SECRET",
                "Polar has no webhook endpoint for this gateway: nothing is delivered"
            );
            if is_news {
                close_gap(gateway, well_at.unwrap_or(at)).await?;
            }
            return Ok(watched);
        }
        Found::Disabled(id) => {
            tracing::error!(
                endpoint = %id, heals,
                "Polar has switched the webhook endpoint off: nothing is delivered"
            );
            // Written down first: should this process die now, the gap is closed all the same.
            if is_news || heals {
                close_gap(gateway, well_at.unwrap_or(at)).await?;
            }
            if !heals {
                return Ok(watched);
            }
            if let Err(trouble) = endpoint::switch_on(gateway, &id).await {
                let error = chain(&trouble);
                tracing::error!(endpoint = %id, %error, "it cannot be switched on again");
                watched.error = Some(error);
                return Ok(watched);
            }
            gateway.metrics.endpoint(true);
            gateway.metrics.switched_on();
            "well".clone_into(&mut watched.condition);
            tracing::warn!(endpoint = %id, "the webhook endpoint is switched on again");
            id
        }
    };
    if heals {
        redeliver::since(gateway, &id, watched.well_at.unwrap_or(at)).await?;
    }
    watched.well_at = Some(at);
    Ok(watched)
}

/// Has read back what Polar did since then: what happened first, then everything.
async fn close_gap(gateway: &Gateway, from: i64) -> Result<(), Trouble> {
    reconcile::close_gap(gateway, from).await?;
    gateway.reconcile.asked.notify_one();
    Ok(())
}
