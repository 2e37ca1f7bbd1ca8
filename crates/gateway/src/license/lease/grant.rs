//! What a lease is given on, and its row: written before anyone holds the lease, in one transaction
//! with the look at whether the licence ended meanwhile.

use jiff::{SignedDuration, Timestamp};
use polarkit_store::{LicenseLease, Tx};
use uuid::Uuid;

use super::super::{Denial, License};
use super::ended::has_ended;
use crate::gateway::Gateway;
use crate::problem::{Code, Problem};

/// Machines that may hold leases of one key whose activations are not limited.
const MACHINES_MAX: i64 = 1_000;

/// Who asks: the key's hash, the machine's, and the activation, if any.
pub(super) type Holder = (String, String, String);

/// What is known of the licence, and from when.
#[derive(Debug)]
pub(super) struct Terms {
    row: LicenseLease,
    /// Machines that may hold leases at once.
    machines: i64,
    /// Polar was not asked: what was known before is good until then.
    until: Option<Timestamp>,
}

impl Terms {
    /// On a valid licence, as of when it was found so.
    pub(super) fn of(license: &License, as_of: Timestamp, holder: Holder) -> Self {
        let (key_hash, machine, activation) = holder;
        let limit = license.limit_activations.unwrap_or(MACHINES_MAX);
        Self {
            row: LicenseLease {
                id: format!("lease_{}", Uuid::new_v4().simple()),
                license: license.id.clone(),
                key_hash,
                machine,
                activation,
                seats: 1,
                customer: license.customer_id.clone(),
                benefit: license.benefit_id.clone(),
                issued_at: 0,
                expires_at: 0,
                license_expires_at: license.expires_at.map(Timestamp::as_microsecond),
                validated_at: as_of.as_microsecond(),
                checked_at: as_of.as_microsecond(),
                revoked_at: None,
                reason: None,
            },
            machines: limit.min(MACHINES_MAX),
            until: None,
        }
    }

    /// Polar is away: on the lease this machine had, until its grace is over.
    pub(super) async fn from_before(
        gateway: &Gateway,
        holder: Holder,
    ) -> Result<Option<Self>, Problem> {
        let (key_hash, machine, activation) = holder;
        let store = &gateway.store;
        let had = store
            .license_lease(&key_hash, &machine, &activation)
            .await?;
        let Some(row) = had else { return Ok(None) };
        let grace = SignedDuration::from_hours(gateway.config.leasing.grace_hours.into());
        let validated_at = instant(row.validated_at);
        let until = validated_at.checked_add(grace).unwrap_or(Timestamp::MAX);
        if until <= gateway.time.now() {
            return Ok(None);
        }
        tracing::warn!(lease = %row.id, "lease renewed from memory: Polar is away");
        Ok(Some(Self {
            row,
            machines: MACHINES_MAX,
            until: Some(until),
        }))
    }

    /// For so many floating seats; while Polar is away no more than before.
    pub(super) fn seats(mut self, seats: i64) -> Self {
        self.row.seats = match self.until {
            Some(_) => seats.min(self.row.seats),
            None => seats,
        };
        self
    }

    /// From now, in whole seconds, to the first of all ends.
    fn bound(&mut self, now: Timestamp, length: SignedDuration) -> Result<(), Problem> {
        let issued_at = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let wished = issued_at.checked_add(length).unwrap_or(Timestamp::MAX);
        let licenses = self.row.license_expires_at.map(instant);
        let ends = [Some(wished), licenses, self.until];
        let end = ends.into_iter().flatten().min().unwrap_or(wished);
        let expires_at = Timestamp::from_second(end.as_second()).unwrap_or(end);
        if expires_at <= now {
            return Err(Denial::Expired.into());
        }
        self.row.issued_at = issued_at.as_microsecond();
        self.row.expires_at = expires_at.as_microsecond();
        Ok(())
    }
}

/// Writes the row of a lease that begins now; the machine's own row is renewed.
pub(super) async fn record(
    gateway: &Gateway,
    mut terms: Terms,
    seconds: Option<u32>,
) -> Result<LicenseLease, Problem> {
    let longest = SignedDuration::from_hours(gateway.config.leasing.hours.into());
    let length = seconds.map(|seconds| SignedDuration::from_secs(seconds.into()));
    let now = gateway.time.now();
    terms.bound(now, length.unwrap_or(longest))?;
    let Terms {
        mut row, machines, ..
    } = terms;
    let customers = [row.customer.clone()].into();
    let mut tx = gateway.store.begin().await?;
    // What ends the licence works on its customer under the same lock: either it sees this row, or
    // this sees the end.
    tx.lock_customers(&customers).await?;
    if has_ended(&tx.entitlements(&row.customer).await?, &row) {
        return Err(Denial::Revoked.into());
    }
    let had = tx.license_lease(&row.key_hash, &row.machine, &row.activation);
    if let Some(had) = had.await? {
        row.id = had.id;
    }
    must_be_free(&mut tx, &row, machines).await?;
    tx.put_license_lease(&row).await?;
    tx.commit().await?;
    Ok(row)
}

/// One machine to an activation, and no more machines than the licence allows.
async fn must_be_free(tx: &mut Tx, row: &LicenseLease, machines: i64) -> Result<(), Problem> {
    let others = tx.other_machines(row, row.issued_at).await?;
    if let Some(until) = others.of_activation_until {
        let until = instant(until);
        let detail = format!(
            "activation_id: another machine holds its lease until {until}; deactivate it, and \
             activate this machine"
        );
        return Err(Problem::new(Code::LeaseLimit, detail));
    }
    if others.of_key.saturating_add(row.seats) > machines {
        let detail = format!(
            "license_key: {} of {machines} leases of it are held by others",
            others.of_key
        );
        return Err(Problem::new(Code::LeaseLimit, detail));
    }
    Ok(())
}

fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}
