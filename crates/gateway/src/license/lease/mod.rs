//! Leases: the right to use a licence on one machine, offline, for a while. Given on Polar's word
//! alone, recorded before it is given, and revoked when the licence ends.

mod ended;
mod grant;
pub(crate) mod pool;
pub(crate) mod recheck;
pub(crate) mod revocation;
mod signer;

use jiff::{SignedDuration, Timestamp};
use polarkit::license::{Entitlements, key_hash, machine_hash};
use polarkit_model::FreeForm;
use polarkit_store::LicenseLease;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use self::ended::end;
use self::grant::Terms;
pub(crate) use self::signer::Signer;
use super::text;
use crate::entitlement::standing::Reason;
use crate::entitlement::verdict::all_features;
use crate::gateway::Gateway;
use crate::problem::{Code, Problem};

/// Products and features one lease names at most, so that it stays a few kilobytes.
const NAMED_MAX: usize = 100;

/// What a machine asks for.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[schema(as = LicenseLeaseAsk)]
pub(crate) struct Ask {
    /// The licence key.
    pub(crate) license_key: String,
    /// Names the machine: any text that is the same at each start. Only its hash is kept.
    pub(crate) fingerprint: String,
    /// The machine's activation of the key, where it has one.
    #[serde(default)]
    pub(crate) activation_id: Option<Uuid>,
    /// Must equal the activation's own conditions.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) conditions: Option<FreeForm>,
    /// How long the lease is to be; as long as may be when absent.
    #[serde(default)]
    pub(crate) seconds: Option<u32>,
}

/// A lease, given.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = LicenseLease)]
pub(crate) struct Given {
    /// The lease itself: a JWT signed with `EdDSA`.
    lease: String,
    /// Names it; a renewal on the same machine keeps the name.
    id: String,
    #[schema(value_type = String, format = DateTime)]
    issued_at: Timestamp,
    /// Until when it is good: never past the licence's own end.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When Polar last called the licence valid.
    #[schema(value_type = String, format = DateTime)]
    validated_at: Timestamp,
}

/// The configured signer, or what to do about there being none.
pub(crate) fn signer(gateway: &Gateway) -> Result<&Signer, Problem> {
    gateway.config.leasing.signer.as_deref().ok_or_else(|| {
        let detail = "POLARKIT_LEASE_KEYS: no key to sign leases with is configured; \
             `polarkit keys lease-new` makes one";
        Problem::new(Code::NotConfigured, detail)
    })
}

/// Gives a lease, or renews the one the machine has.
pub(crate) async fn give(gateway: &Gateway, ask: Ask) -> Result<Given, Problem> {
    let signer = signer(gateway)?;
    let row = recorded(gateway, &ask, 1).await?;
    let entitlements = entitlements(gateway, &row).await?;
    tracing::info!(lease = %row.id, license = %row.license, "lease given");
    Ok(signed(gateway, signer, &row, entitlements))
}

/// The row of a lease that stands on Polar's word, and counts as so many machines.
async fn recorded(gateway: &Gateway, ask: &Ask, seats: i64) -> Result<LicenseLease, Problem> {
    check(gateway, ask)?;
    let key_hash = key_hash(&ask.license_key);
    let machine = machine_hash(&key_hash, &ask.fingerprint);
    let activation = ask.activation_id.map(|id| id.to_string());
    let holder = (key_hash, machine, activation.unwrap_or_default());
    let terms = match super::standing(gateway, &validation(ask)).await {
        Ok(standing) => match standing.granted() {
            Ok(license) => Terms::of(license, standing.as_of, holder),
            Err(refused) => {
                // What it was refused for may end what was given before.
                doubt(gateway, &ask.license_key).await?;
                return Err(refused);
            }
        },
        Err(cannot_tell) => Terms::from_before(gateway, holder)
            .await?
            .ok_or(cannot_tell)?,
    };
    grant::record(gateway, terms.seats(seats), ask.seconds).await
}

/// Polar is asked anew about a key with leases, as soon as there is time.
pub(crate) async fn doubt(gateway: &Gateway, license_key: &str) -> Result<(), Problem> {
    let key_hash = key_hash(license_key);
    Ok(gateway.store.doubt_license_leases(&key_hash).await?)
}

/// Forgets leases that are over and can't be renewed any more.
pub(crate) async fn prune(gateway: &Gateway) -> Result<(), polarkit_store::Error> {
    let now = gateway.time.now();
    let grace = SignedDuration::from_hours(gateway.config.leasing.grace_hours.into());
    let before = now.checked_sub(grace).unwrap_or(Timestamp::MIN);
    let store = &gateway.store;
    store
        .license_leases_prune(now.as_microsecond(), before.as_microsecond())
        .await
}

fn check(gateway: &Gateway, ask: &Ask) -> Result<(), Problem> {
    text("license_key", &ask.license_key)?;
    text("fingerprint", &ask.fingerprint)?;
    let hours = gateway.config.leasing.hours;
    let max = u64::from(hours) * 3600;
    match ask.seconds.map(u64::from) {
        Some(seconds) if seconds == 0 || seconds > max => Err(Problem::invalid(format!(
            "seconds: 1 to {max}, which POLARKIT_LEASE_HOURS allows"
        ))),
        _ => Ok(()),
    }
}

fn validation(ask: &Ask) -> super::Ask {
    super::Ask {
        license_key: ask.license_key.clone(),
        activation_id: ask.activation_id,
        conditions: ask.conditions.clone(),
        increment_usage: None,
    }
}

/// What the licence's customer may use now, nothing about who they are.
async fn entitlements(gateway: &Gateway, row: &LicenseLease) -> Result<Entitlements, Problem> {
    let standing = gateway.view.standing(&row.customer).await?;
    let now = gateway.time.now();
    let granted = || standing.reasons.iter().filter(|reason| reason.grants(now));
    let products = granted().filter(|reason| reason.kind() == "product");
    let mut products: Vec<String> = products.map(Reason::target).map(str::to_owned).collect();
    products.sort_unstable();
    products.dedup();
    products.truncate(NAMED_MAX);
    let features = all_features(granted()).into_iter();
    Ok(Entitlements {
        benefit: row.benefit.clone(),
        products,
        features: features.take(NAMED_MAX).collect(),
    })
}

fn signed(
    gateway: &Gateway,
    signer: &Signer,
    row: &LicenseLease,
    entitlements: Entitlements,
) -> Given {
    let instant = |micros: i64| Timestamp::from_microsecond(micros).unwrap_or_default();
    let (issued_at, expires_at) = (instant(row.issued_at), instant(row.expires_at));
    let lease = signer.sign(&polarkit::license::Lease {
        id: row.id.clone(),
        organization: gateway.config.organization_id.to_string(),
        issued_at,
        not_before: issued_at,
        expires_at,
        license: row.license.clone(),
        key_hash: row.key_hash.clone(),
        machine: row.machine.clone(),
        activation: Some(row.activation.clone()).filter(|id| !id.is_empty()),
        entitlements,
    });
    Given {
        lease,
        id: row.id.clone(),
        issued_at,
        expires_at,
        validated_at: instant(row.validated_at),
    }
}
