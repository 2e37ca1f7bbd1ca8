//! Pools of floating seats: a lease of so many machines at once, made out to the key of a server that
//! hands them out where no network reaches.

use jiff::Timestamp;
use polarkit::license::{Pool, PublicKeys};
use serde::{Deserialize, Serialize};

use super::signer;
use crate::gateway::Gateway;
use crate::problem::Problem;

/// Seats one pool may have, whatever the licence allows.
const SEATS_MAX: u32 = 1_000;

/// What a seat server's owner asks for.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[schema(as = LicensePoolAsk)]
pub(crate) struct Ask {
    /// The licence key.
    pub(crate) license_key: String,
    /// The server's public key, as `polarkit keys lease-new` shows it.
    pub(crate) server: String,
    /// How many seats; each counts as a machine with a lease.
    pub(crate) seats: u32,
    /// How long the pool is to be; as long as may be when absent.
    #[serde(default)]
    pub(crate) seconds: Option<u32>,
}

/// A pool, given.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = LicensePool)]
pub(crate) struct Given {
    /// The pool itself: a JWT signed with `EdDSA`.
    pool: String,
    /// Names it; a renewal for the same server keeps the name.
    id: String,
    seats: u32,
    #[schema(value_type = String, format = DateTime)]
    issued_at: Timestamp,
    /// Until when it is good: never past the licence's own end.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Gives a pool, or renews the one the server has.
pub(crate) async fn give(gateway: &Gateway, ask: Ask) -> Result<Given, Problem> {
    let signer = signer(gateway)?;
    check(&ask)?;
    let lease = super::Ask {
        license_key: ask.license_key,
        fingerprint: format!("seat-server:{}", ask.server),
        activation_id: None,
        conditions: None,
        seconds: ask.seconds,
    };
    let row = super::recorded(gateway, &lease, ask.seats.into()).await?;
    let instant = |micros: i64| Timestamp::from_microsecond(micros).unwrap_or_default();
    let (issued_at, expires_at) = (instant(row.issued_at), instant(row.expires_at));
    let seats = u32::try_from(row.seats).unwrap_or(ask.seats);
    let pool = signer.sign(&Pool {
        id: row.id.clone(),
        organization: gateway.config.organization_id.to_string(),
        issued_at,
        not_before: issued_at,
        expires_at,
        license: row.license.clone(),
        key_hash: row.key_hash.clone(),
        seats,
        server: ask.server,
        entitlements: super::entitlements(gateway, &row).await?,
    });
    tracing::info!(pool = %row.id, license = %row.license, seats, "pool of seats given");
    Ok(Given {
        pool,
        id: row.id,
        seats,
        issued_at,
        expires_at,
    })
}

fn check(ask: &Ask) -> Result<(), Problem> {
    if PublicKeys::of_text(&ask.server).is_err() {
        let detail = "server: the seat server's public key, as `polarkit keys lease-new` shows it";
        return Err(Problem::invalid(detail));
    }
    if ask.seats == 0 || ask.seats > SEATS_MAX {
        return Err(Problem::invalid(format!("seats: 1 to {SEATS_MAX}")));
    }
    Ok(())
}
