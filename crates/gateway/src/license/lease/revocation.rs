//! The list of leases whose licence ended before they did, signed, page by page.

use jiff::Timestamp;
use polarkit::license::{Revocations, Revoked};
use polarkit_store::LicenseLease;
use serde::{Deserialize, Serialize};

use super::signer;
use crate::gateway::Gateway;
use crate::problem::Problem;

/// Leases in one page.
const PAGE: usize = 1_000;
/// A list since a moment begins so much earlier: what another node was about to commit then is not
/// missed. A repetition does no harm.
const OVERLAP_SECONDS: i64 = 60;

/// Which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Ask {
    /// Only leases revoked since then, in seconds since 1970: the `iat` of the list one has.
    #[serde(default)]
    pub(crate) since: Option<i64>,
    /// The `next` of the page before.
    #[serde(default)]
    pub(crate) after: Option<String>,
}

/// A page of the list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = LicenseRevocations)]
pub(crate) struct Page {
    /// The page itself: a JWT signed with `EdDSA`.
    revocations: String,
    /// Leases in it.
    count: usize,
    /// Where the next page begins; null when this is the last.
    next: Option<String>,
}

/// A page of the list, as it stands now.
pub(crate) async fn page(gateway: &Gateway, ask: &Ask) -> Result<Page, Problem> {
    let signer = signer(gateway)?;
    let (since, behind) = place(ask)?;
    let now = gateway.time.now();
    let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
    let leases =
        gateway
            .store
            .license_leases_revoked(now.as_microsecond(), (since, &behind), limit);
    let leases = leases.await?;
    let last = leases.last().filter(|_| leases.len() == PAGE);
    let next = last.map(|lease| format!("{}.{}", lease.revoked_at.unwrap_or_default(), lease.id));
    let list = Revocations {
        organization: gateway.config.organization_id.to_string(),
        issued_at: now,
        revoked: leases.iter().map(revoked).collect(),
        next: next.clone(),
    };
    Ok(Page {
        revocations: signer.sign(&list),
        count: leases.len(),
        next,
    })
}

/// Behind which moment, µs, and id the page begins.
fn place(ask: &Ask) -> Result<(i64, String), Problem> {
    if let Some(after) = &ask.after {
        let parts = after.split_once('.');
        let parts = parts.and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())));
        return parts.ok_or_else(|| Problem::invalid("after: the `next` of the page before"));
    }
    let since = ask.since.unwrap_or_default();
    if Timestamp::from_second(since).is_err() {
        return Err(Problem::invalid("since: seconds since 1970"));
    }
    let micros = since
        .saturating_sub(OVERLAP_SECONDS)
        .saturating_mul(1_000_000);
    Ok((micros, String::new()))
}

fn revoked(lease: &LicenseLease) -> Revoked {
    let instant = |micros: i64| Timestamp::from_microsecond(micros).unwrap_or_default();
    Revoked {
        lease: lease.id.clone(),
        key: lease.key_hash.clone(),
        at: instant(lease.revoked_at.unwrap_or_default()),
        until: instant(lease.expires_at),
    }
}
