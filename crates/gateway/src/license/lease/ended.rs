//! Licences that ended by what was projected: their leases are revoked in the same transaction.

use polarkit_store::{Entitlement, Error, LeaseEnd, LeasesOf, LicenseLease, Tx};

use crate::entitlement::derive::Detail;
use crate::gateway::Gateway;

/// Revokes the leases of a customer's licences that ended between these rows.
pub(crate) async fn end(
    tx: &mut Tx,
    gateway: &Gateway,
    customer: &str,
    (before, after): (&[Entitlement], &[Entitlement]),
) -> Result<(), Error> {
    if before == after {
        return Ok(());
    }
    let at = gateway.time.now().as_microsecond();
    let gone = before
        .iter()
        .filter(|row| !after.iter().any(|other| other.source == row.source));
    let changed = after.iter().filter(|row| !before.contains(row));
    let licenses = gone.chain(changed).filter_map(KeyGrant::of);
    for license in licenses.filter(|license| !license.is_granted(after)) {
        let end = LeaseEnd {
            reason: "ended",
            at,
        };
        let ended = tx.end_license_leases(license.leases(customer), end).await?;
        if ended > 0 {
            tracing::info!(customer, leases = ended, "leases of a licence revoked");
        }
    }
    Ok(())
}

/// Whether what is known of the customer says that the licence of this lease ended; silence does
/// not.
pub(super) fn has_ended(rows: &[Entitlement], lease: &LicenseLease) -> bool {
    let told = rows.iter().filter_map(KeyGrant::of);
    let mut its = told.filter(|license| match &license.id {
        Some(id) => *id == lease.license,
        None => license.benefit == lease.benefit,
    });
    its.any(|license| !license.is_granted(rows))
}

/// A licence, as the grant that gives it names it.
struct KeyGrant {
    benefit: String,
    /// Polar's id of the licence key, where the grant tells it.
    id: Option<String>,
}

impl KeyGrant {
    fn of(row: &Entitlement) -> Option<Self> {
        if row.kind != "benefit" {
            return None;
        }
        let detail: Detail = serde_json::from_str(&row.detail).ok()?;
        let id = detail.properties.get("license_key_id");
        let id = id.and_then(|id| id.as_str()).map(str::to_owned);
        (detail.benefit_type == "license_keys" || id.is_some()).then(|| Self {
            benefit: row.target.clone(),
            id,
        })
    }

    fn is_granted(&self, rows: &[Entitlement]) -> bool {
        let granted = rows.iter().filter(|row| row.granted);
        let granted = granted.filter(|row| row.target == self.benefit);
        // A grant that does not tell which licence it gives may give this one.
        let mut others = granted.filter_map(Self::of);
        others.any(|other| self.id.is_none() || other.id.is_none() || other.id == self.id)
    }

    fn leases<'a>(&'a self, customer: &'a str) -> LeasesOf<'a> {
        match &self.id {
            Some(license) => LeasesOf::License { customer, license },
            None => LeasesOf::Benefit {
                customer,
                benefit: &self.benefit,
            },
        }
    }
}
