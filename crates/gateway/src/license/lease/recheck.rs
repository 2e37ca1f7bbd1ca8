//! Polar tells by no webhook that a licence was disabled, that its end moved or that a machine was
//! deactivated: it is asked, now and then, about each licence that machines hold leases of.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use polarkit::model::{LicenseKeyStatus, LicenseKeyWithActivations};
use polarkit_store::{Error, LeaseEnd, LeasedLicense, LeasesOf};
use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::problem::chain;
use crate::time::pause;

/// How often licences are looked for that are due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long to wait for a Polar that is away.
const AWAY_WAIT: Duration = Duration::from_secs(10);
/// Licences looked up at once.
const BATCH_MAX: i64 = 64;

/// Asks about licences that are due, until told to stop.
pub(crate) async fn run(gateway: Gateway, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let wait = match look(&gateway, &stop).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::error!(error = %chain(&error), "leases of licences cannot be looked after");
                LOOK_EVERY
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = pause(wait) => {}
        }
    }
}

/// Those due, once; says how long to wait before the next look.
async fn look(gateway: &Gateway, stop: &CancellationToken) -> Result<Duration, Error> {
    let now = gateway.time.now();
    let every = SignedDuration::from_mins(gateway.config.leasing.recheck_minutes.into());
    let before = now.checked_sub(every).unwrap_or(Timestamp::MIN);
    let (now, before) = (now.as_microsecond(), before.as_microsecond());
    let due = gateway
        .store
        .leased_licenses(now, before, BATCH_MAX)
        .await?;
    // Its share of Polar's limit, as reading back has.
    let between = Duration::from_mins(1) / gateway.config.healing.per_minute.max(1);
    for license in due {
        if stop.is_cancelled() {
            break;
        }
        let claimed = gateway.store.leased_license_claim(&license, before, now);
        if !claimed.await? {
            continue;
        }
        if !ask(gateway, &license).await? {
            // Polar is away: this one stays due, and so do those behind.
            gateway.store.leased_license_release(&license, now).await?;
            return Ok(AWAY_WAIT);
        }
        pause(between).await;
    }
    Ok(LOOK_EVERY)
}

/// Asks Polar about one licence, and revokes what it no longer stands for; `false` without an answer.
async fn ask(gateway: &Gateway, license: &LeasedLicense) -> Result<bool, Error> {
    let now = gateway.time.now();
    match gateway.polar.license_key(&license.license).await {
        Ok(key) => match ended(&key, now) {
            Some(reason) => revoke(gateway, license, reason, now).await?,
            None => deactivated(gateway, license, &key, now).await?,
        },
        Err(failure) if failure.is_about_the_request() => {
            revoke(gateway, license, "unknown", now).await?;
        }
        Err(_silence) => return Ok(false),
    }
    Ok(true)
}

/// Why a licence is good for nothing any more.
fn ended(key: &LicenseKeyWithActivations, now: Timestamp) -> Option<&'static str> {
    match &key.status {
        LicenseKeyStatus::Granted if key.expires_at.is_some_and(|at| at <= now) => Some("expired"),
        LicenseKeyStatus::Revoked => Some("revoked"),
        LicenseKeyStatus::Disabled => Some("disabled"),
        // A word newer than this takes nothing away.
        _ => None,
    }
}

async fn revoke(
    gateway: &Gateway,
    license: &LeasedLicense,
    reason: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let leases = LeasesOf::License {
        customer: &license.customer,
        license: &license.license,
    };
    let at = now.as_microsecond();
    let end = LeaseEnd { reason, at };
    let ended = gateway.store.end_license_leases(leases, end).await?;
    tracing::info!(license = %license.license, reason, leases = ended, "leases revoked");
    Ok(())
}

/// Leases whose activation is gone end with it.
async fn deactivated(
    gateway: &Gateway,
    license: &LeasedLicense,
    key: &LicenseKeyWithActivations,
    now: Timestamp,
) -> Result<(), Error> {
    let at = now.as_microsecond();
    let living: BTreeSet<String> = key
        .activations
        .iter()
        .map(|one| one.id.to_string())
        .collect();
    for activation in gateway
        .store
        .leased_activations(&license.license, at)
        .await?
    {
        if !living.contains(&activation) {
            activation_ended(gateway, &license.customer, &activation, at).await?;
        }
    }
    Ok(())
}

async fn activation_ended(
    gateway: &Gateway,
    customer: &str,
    activation: &str,
    at: i64,
) -> Result<(), Error> {
    let leases = LeasesOf::Activation {
        customer,
        activation,
    };
    let reason = "deactivated";
    let end = LeaseEnd { reason, at };
    let ended = gateway.store.end_license_leases(leases, end).await?;
    tracing::info!(
        activation,
        leases = ended,
        "leases of an activation revoked"
    );
    Ok(())
}
