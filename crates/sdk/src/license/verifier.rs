//! Whether a lease is good, here and now.

use jiff::SignedDuration;
use polarkit_model::Timestamp;

use super::{
    HeldSeat, KeyError, Lease, LicenseError, Mark, Pool, PublicKeys, Revocations, Seat,
    machine_hash, statement,
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
        self.is_living(&lease.id)?;
        self.is_in_time(Span::of(&lease), now, mark)?;
        Ok(lease)
    }

    /// The pool of floating seats, if it is good at this time: for the server that hands them out.
    pub fn read_pool(
        &self,
        token: &str,
        now: Timestamp,
        mark: &mut Mark,
    ) -> Result<Pool, LicenseError> {
        let pool = self.pool(token)?;
        self.is_in_time(Span::of_pool(&pool), now, mark)?;
        Ok(pool)
    }

    /// The seat with its pool, if both are good on the machine of this fingerprint at this time. The
    /// gateway's key signed the pool, which names the key that signed the seat.
    pub fn verify_seat(
        &self,
        (pool, seat): (&str, &str),
        fingerprint: &str,
        now: Timestamp,
        mark: &mut Mark,
    ) -> Result<HeldSeat, LicenseError> {
        let pool = self.pool(pool)?;
        let key = PublicKeys::of_text(&pool.server);
        let key = key.map_err(|_no_key| LicenseError::BadSignature)?;
        let seat: Seat = statement::open(seat, &key)?;
        if seat.pool != pool.id {
            return Err(LicenseError::OtherPool);
        }
        if seat.machine != machine_hash(&pool.key_hash, fingerprint) {
            return Err(LicenseError::OtherMachine);
        }
        self.is_in_time(Span::of_seat(&seat, &pool), now, mark)?;
        Ok(HeldSeat { seat, pool })
    }

    fn pool(&self, token: &str) -> Result<Pool, LicenseError> {
        let pool: Pool = statement::open(token, &self.keys)?;
        self.is_ours(&pool.organization)?;
        self.is_living(&pool.id)?;
        Ok(pool)
    }

    fn is_living(&self, id: &str) -> Result<(), LicenseError> {
        match &self.revocations {
            Some(list) if list.names(id) => Err(LicenseError::Revoked),
            _ => Ok(()),
        }
    }

    fn is_ours(&self, organization: &str) -> Result<(), LicenseError> {
        match &self.organization {
            Some(ours) if ours != organization => Err(LicenseError::OtherOrganization),
            _ => Ok(()),
        }
    }

    /// A mark never goes past the end: a clock that ran ahead is forgiven then.
    fn is_in_time(&self, span: Span, now: Timestamp, mark: &mut Mark) -> Result<(), LicenseError> {
        let latest = mark.latest().unwrap_or(Timestamp::MIN);
        if self.is_behind(now, latest) {
            return Err(LicenseError::ClockTurnedBack { now, latest });
        }
        if self.is_behind(now, span.from) {
            let from = span.from;
            return Err(LicenseError::NotYet { now, from });
        }
        let at = span.until;
        // Time that was seen has passed, though the clock is a little behind it.
        let passed = now.max(latest);
        mark.see(now.max(span.from).min(at));
        if passed >= at {
            return Err(LicenseError::Expired { at });
        }
        Ok(())
    }

    fn is_behind(&self, now: Timestamp, other: Timestamp) -> bool {
        other.duration_since(now) > self.tolerance
    }
}

/// From when until when something is good.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: Timestamp,
    until: Timestamp,
}

impl Span {
    fn of(lease: &Lease) -> Self {
        Self {
            from: lease.not_before.max(lease.issued_at),
            until: lease.expires_at,
        }
    }

    fn of_pool(pool: &Pool) -> Self {
        Self {
            from: pool.not_before.max(pool.issued_at),
            until: pool.expires_at,
        }
    }

    /// No seat outlasts its pool.
    fn of_seat(seat: &Seat, pool: &Pool) -> Self {
        let pool = Self::of_pool(pool);
        Self {
            from: pool.from.max(seat.issued_at),
            until: pool.until.min(seat.expires_at),
        }
    }
}
