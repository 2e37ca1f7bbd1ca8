//! Whether a lease is good, here and now.

use jiff::SignedDuration;
use polarkit_model::Timestamp;

use super::{
    KeyError, Lease, LicenseError, Mark, PublicKeys, Revocations, machine_hash, statement,
};

/// How far the machine's clock may be behind the gateway's, or behind the latest time it has seen.
pub const TOLERANCE: SignedDuration = SignedDuration::from_secs(300);

/// Verifies leases: the gateway's public keys, and what else is asked of a lease.
#[derive(Debug, Clone)]
#[must_use]
pub struct Verifier {
    keys: PublicKeys,
    organization: Option<String>,
    tolerance: SignedDuration,
    revocations: Option<Revocations>,
}

impl Verifier {
    /// Of what `GET /api/license/keys` answers.
    pub fn new(jwks: &str) -> Result<Self, KeyError> {
        PublicKeys::parse(jwks).map(Self::of)
    }

    /// Of these keys.
    pub fn of(keys: PublicKeys) -> Self {
        Self {
            keys,
            organization: None,
            tolerance: TOLERANCE,
            revocations: None,
        }
    }

    /// Only leases of this organization are good.
    pub fn organization(mut self, organization: impl Into<String>) -> Self {
        self.organization = Some(organization.into());
        self
    }

    /// How far the clock may be behind; [`TOLERANCE`] unless told otherwise. Less than nothing is
    /// nothing.
    pub fn tolerance(mut self, tolerance: impl TryInto<SignedDuration>) -> Self {
        let tolerance = tolerance.try_into().unwrap_or(SignedDuration::MAX);
        self.tolerance = tolerance.max(SignedDuration::ZERO);
        self
    }

    /// Leases in this list are not good.
    pub fn revocations(mut self, list: Revocations) -> Self {
        self.revocations = Some(list);
        self
    }

    /// Reads a list of revocations, as `GET /api/license/revocations` answers it.
    pub fn read_revocations(&self, token: &str) -> Result<Revocations, LicenseError> {
        let list: Revocations = statement::open(token, &self.keys)?;
        self.is_ours(&list.organization)?;
        Ok(list)
    }

    /// The lease, if it is good on the machine of this fingerprint at this time.
    ///
    /// `mark` is the latest time seen; the program keeps it from one start to the next, whatever
    /// this answers. Who signed is judged first, then for whom, then when.
    pub fn verify(
        &self,
        token: &str,
        fingerprint: &str,
        now: Timestamp,
        mark: &mut Mark,
    ) -> Result<Lease, LicenseError> {
        let lease: Lease = statement::open(token, &self.keys)?;
        self.is_ours(&lease.organization)?;
        if lease.machine != machine_hash(&lease.key_hash, fingerprint) {
            return Err(LicenseError::OtherMachine);
        }
        if let Some(list) = &self.revocations
            && list.holds(&lease)
        {
            return Err(LicenseError::Revoked);
        }
        self.is_in_time(&lease, now, mark)?;
        Ok(lease)
    }

    fn is_ours(&self, organization: &str) -> Result<(), LicenseError> {
        match &self.organization {
            Some(ours) if ours != organization => Err(LicenseError::OtherOrganization),
            _ => Ok(()),
        }
    }

    /// A mark never goes past the lease's end: a clock that ran ahead is forgiven then.
    fn is_in_time(
        &self,
        lease: &Lease,
        now: Timestamp,
        mark: &mut Mark,
    ) -> Result<(), LicenseError> {
        let latest = mark.latest().unwrap_or(Timestamp::MIN);
        if self.is_behind(now, latest) {
            return Err(LicenseError::ClockTurnedBack { now, latest });
        }
        if self.is_behind(now, lease.not_before) {
            let from = lease.not_before;
            return Err(LicenseError::NotYet { now, from });
        }
        let at = lease.expires_at;
        // Time that was seen has passed, though the clock is a little behind it.
        let passed = now.max(latest);
        mark.see(now.max(lease.issued_at).min(at));
        if passed >= at {
            return Err(LicenseError::Expired { at });
        }
        Ok(())
    }

    fn is_behind(&self, now: Timestamp, other: Timestamp) -> bool {
        other.duration_since(now) > self.tolerance
    }
}
