//! Leases of licences: which machines hold one, and which were revoked before their end. Keys and
//! machines are known by their hashes alone.

use sqlx::FromRow;

use crate::Error;
use crate::engine::{Store, Tx, read, within, write};

/// The right of one machine to use a licence offline for a while.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LicenseLease {
    /// Names it; a renewal keeps the name.
    pub id: String,
    /// Polar's id of the licence key.
    pub license: String,
    /// The hash of the licence key.
    pub key_hash: String,
    /// The hash of the machine.
    pub machine: String,
    /// Polar's id of the activation it was asked with, else empty.
    pub activation: String,
    /// The floating seats the machine hands out; 1 for its own.
    pub seats: i64,
    /// Polar's id of whose licence it is.
    pub customer: String,
    /// Polar's id of the licence's benefit.
    pub benefit: String,
    /// When it was last given, µs.
    pub issued_at: i64,
    /// Until when it is good, µs.
    pub expires_at: i64,
    /// Until when the licence itself was said to be good, µs.
    pub license_expires_at: Option<i64>,
    /// When Polar last called the licence valid for this machine, µs.
    pub validated_at: i64,
    /// When Polar was last asked about the licence, µs.
    pub checked_at: i64,
    /// Since when it is revoked, µs.
    pub revoked_at: Option<i64>,
    /// Why it is, in a word.
    pub reason: Option<String>,
}

/// Which leases.
#[derive(Debug, Clone, Copy)]
pub enum LeasesOf<'a> {
    /// Of a customer's licence key, by Polar's ids.
    License {
        /// The customer.
        customer: &'a str,
        /// The licence key.
        license: &'a str,
    },
    /// Of a customer's licences of one benefit, by Polar's ids.
    Benefit {
        /// The customer.
        customer: &'a str,
        /// The benefit.
        benefit: &'a str,
    },
    /// Of an activation of a customer's licence key, by Polar's ids.
    Activation {
        /// The customer.
        customer: &'a str,
        /// The activation.
        activation: &'a str,
    },
}

/// Why leases end, and when, µs.
#[derive(Debug, Clone, Copy)]
pub struct LeaseEnd<'a> {
    /// A word.
    pub reason: &'a str,
    /// When.
    pub at: i64,
}

/// A licence that machines hold leases of.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LeasedLicense {
    /// Polar's id of the licence key.
    pub license: String,
    /// Polar's id of whose it is.
    pub customer: String,
    /// When Polar was last asked about it, µs.
    pub checked_at: i64,
}

/// Other machines that hold leases of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct OtherMachines {
    /// The seats they hold together.
    pub of_key: i64,
    /// Until when the one with the same activation holds its own, µs.
    pub of_activation_until: Option<i64>,
}

macro_rules! columns {
    () => {
        "id, license, key_hash, machine, activation, seats, customer, benefit, issued_at, expires_at, \
         license_expires_at, validated_at, checked_at, revoked_at, reason"
    };
}

/// The lease a machine has, unless it was revoked.
const OF_MACHINE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM license_lease WHERE key_hash = $1 AND machine = $2 AND activation = $3 \
     AND revoked_at IS NULL"
);

impl Store {
    /// The lease a machine has or had, unless it was revoked.
    pub async fn license_lease(
        &self,
        key_hash: &str,
        machine: &str,
        activation: &str,
    ) -> Result<Option<LicenseLease>, Error> {
        let lease = read!(&self.engine, |pool| {
            let query = sqlx::query_as(OF_MACHINE).bind(key_hash).bind(machine);
            query.bind(activation).fetch_optional(pool).await
        });
        Ok(lease?)
    }

    /// Revoked leases that would still be good at `now` (µs), those revoked first in front, behind
    /// the one of this moment and id.
    pub async fn license_leases_revoked(
        &self,
        now: i64,
        (since, behind): (i64, &str),
        limit: i64,
    ) -> Result<Vec<LicenseLease>, Error> {
        const QUERY: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM license_lease WHERE revoked_at IS NOT NULL AND (revoked_at, id) > ($2, $3) \
             AND expires_at > $1 ORDER BY revoked_at, id LIMIT $4"
        );
        let leases = read!(&self.engine, |pool| {
            let query = sqlx::query_as(QUERY).bind(now).bind(since).bind(behind);
            query.bind(limit).fetch_all(pool).await
        });
        Ok(leases?)
    }

    /// Licences with leases that are good at `now` (µs) of which Polar was not asked since `before`,
    /// those asked about longest ago first.
    pub async fn leased_licenses(
        &self,
        now: i64,
        before: i64,
        limit: i64,
    ) -> Result<Vec<LeasedLicense>, Error> {
        const QUERY: &str = "SELECT license, customer, MIN(checked_at) AS checked_at \
             FROM license_lease WHERE revoked_at IS NULL AND checked_at < $2 AND expires_at > $1 \
             GROUP BY license, customer ORDER BY MIN(checked_at) LIMIT $3";
        let licenses = read!(&self.engine, |pool| {
            let query = sqlx::query_as(QUERY).bind(now).bind(before);
            query.bind(limit).fetch_all(pool).await
        });
        Ok(licenses?)
    }

    /// Takes it on to ask Polar about a licence that was not asked about since `before` (µs); `false`
    /// when another node did.
    pub async fn leased_license_claim(
        &self,
        license: &LeasedLicense,
        before: i64,
        at: i64,
    ) -> Result<bool, Error> {
        const QUERY: &str = "UPDATE license_lease SET checked_at = $3 \
             WHERE customer = $4 AND license = $1 AND checked_at < $2 AND revoked_at IS NULL";
        let done = write!(&self.engine, |pool| {
            let query = sqlx::query(QUERY).bind(&license.license).bind(before);
            let done = query.bind(at).bind(&license.customer).execute(pool).await;
            done.map(|done| done.rows_affected())
        });
        Ok(done? > 0)
    }

    /// Gives back what was taken on at `at` (µs): Polar did not answer.
    pub async fn leased_license_release(
        &self,
        license: &LeasedLicense,
        at: i64,
    ) -> Result<(), Error> {
        const QUERY: &str = "UPDATE license_lease SET checked_at = $2 \
             WHERE customer = $4 AND license = $1 AND checked_at = $3 AND revoked_at IS NULL";
        write!(&self.engine, |pool| {
            let query = sqlx::query(QUERY).bind(&license.license);
            let query = query.bind(license.checked_at).bind(at);
            query.bind(&license.customer).execute(pool).await.map(drop)
        })?;
        Ok(())
    }

    /// Has Polar asked anew about a licence key, by its hash, as soon as there is time.
    pub async fn doubt_license_leases(&self, key_hash: &str) -> Result<(), Error> {
        const QUERY: &str = "UPDATE license_lease SET checked_at = 0 \
             WHERE key_hash = $1 AND revoked_at IS NULL";
        write!(&self.engine, |pool| {
            let query = sqlx::query(QUERY).bind(key_hash);
            query.execute(pool).await.map(drop)
        })?;
        Ok(())
    }

    /// The activations of a licence's leases that are good at `now` (µs).
    pub async fn leased_activations(&self, license: &str, now: i64) -> Result<Vec<String>, Error> {
        const QUERY: &str = "SELECT DISTINCT activation FROM license_lease \
             WHERE license = $1 AND activation <> '' AND revoked_at IS NULL AND expires_at > $2";
        let activations = read!(&self.engine, |pool| {
            let query = sqlx::query_scalar(QUERY).bind(license).bind(now);
            query.fetch_all(pool).await
        });
        Ok(activations?)
    }

    /// Revokes leases; says how many.
    pub async fn end_license_leases(
        &self,
        leases: LeasesOf<'_>,
        end: LeaseEnd<'_>,
    ) -> Result<u64, Error> {
        let mut tx = self.begin().await?;
        let ended = tx.end_license_leases(leases, end).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Forgets leases that were over at `now` and could not be renewed since `validated_before`, µs.
    pub async fn license_leases_prune(&self, now: i64, validated_before: i64) -> Result<(), Error> {
        const QUERY: &str =
            "DELETE FROM license_lease WHERE expires_at <= $1 AND validated_at < $2";
        write!(&self.engine, |pool| {
            let query = sqlx::query(QUERY).bind(now).bind(validated_before);
            query.execute(pool).await.map(drop)
        })?;
        Ok(())
    }
}

impl Tx {
    /// The lease a machine has or had, unless it was revoked, as this transaction sees it.
    pub async fn license_lease(
        &mut self,
        key_hash: &str,
        machine: &str,
        activation: &str,
    ) -> Result<Option<LicenseLease>, Error> {
        let lease = within!(self, |tx| {
            let query = sqlx::query_as(OF_MACHINE).bind(key_hash).bind(machine);
            query.bind(activation).fetch_optional(tx).await
        });
        Ok(lease?)
    }

    /// Other machines that hold leases of the same key at `now` (µs).
    pub async fn other_machines(
        &mut self,
        lease: &LicenseLease,
        now: i64,
    ) -> Result<OtherMachines, Error> {
        const QUERY: &str = "SELECT CAST(COALESCE(SUM(seats), 0) AS BIGINT) AS of_key, \
             MAX(CASE WHEN activation = $3 AND activation <> '' THEN expires_at END) \
             AS of_activation_until FROM license_lease \
             WHERE key_hash = $1 AND machine <> $2 AND revoked_at IS NULL AND expires_at > $4";
        let others = within!(self, |tx| {
            let query = sqlx::query_as(QUERY).bind(&lease.key_hash);
            let query = query.bind(&lease.machine).bind(&lease.activation);
            query.bind(now).fetch_one(tx).await
        });
        Ok(others?)
    }

    /// Writes a lease; over itself, the later end counts: what was given before is still out there.
    pub async fn put_license_lease(&mut self, lease: &LicenseLease) -> Result<(), Error> {
        const QUERY: &str = concat!(
            "INSERT INTO license_lease (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
             ON CONFLICT (id) DO UPDATE SET seats = excluded.seats, \
             issued_at = excluded.issued_at, \
             expires_at = CASE WHEN excluded.expires_at > license_lease.expires_at \
             THEN excluded.expires_at ELSE license_lease.expires_at END, \
             license_expires_at = excluded.license_expires_at, \
             validated_at = excluded.validated_at, checked_at = excluded.checked_at"
        );
        within!(self, |tx| {
            let query = sqlx::query(QUERY).bind(&lease.id).bind(&lease.license);
            let query = query.bind(&lease.key_hash).bind(&lease.machine);
            let query = query.bind(&lease.activation).bind(lease.seats);
            let query = query.bind(&lease.customer).bind(&lease.benefit);
            let query = query.bind(lease.issued_at);
            let query = query.bind(lease.expires_at).bind(lease.license_expires_at);
            let query = query.bind(lease.validated_at).bind(lease.checked_at);
            let query = query.bind(lease.revoked_at).bind(&lease.reason);
            query.execute(tx).await.map(drop)
        })?;
        Ok(())
    }

    /// Revokes leases; says how many. The first reason stays.
    pub async fn end_license_leases(
        &mut self,
        leases: LeasesOf<'_>,
        end: LeaseEnd<'_>,
    ) -> Result<u64, Error> {
        let (query, one, other) = leases.query();
        let done = within!(self, |tx| {
            let query = sqlx::query(query).bind(end.at).bind(end.reason);
            let done = query.bind(one).bind(other).execute(tx).await;
            done.map(|done| done.rows_affected())
        })?;
        Ok(done)
    }
}

/// The statement that revokes leases chosen by two texts.
macro_rules! revoke {
    ($which:literal) => {
        concat!(
            "UPDATE license_lease SET revoked_at = $1, reason = $2 WHERE revoked_at IS NULL AND ",
            $which
        )
    };
}

impl LeasesOf<'_> {
    fn query(&self) -> (&'static str, &str, &str) {
        match self {
            Self::License { customer, license } => {
                (revoke!("customer = $3 AND license = $4"), customer, license)
            }
            Self::Benefit { customer, benefit } => {
                (revoke!("customer = $3 AND benefit = $4"), customer, benefit)
            }
            Self::Activation {
                customer,
                activation,
            } => (
                revoke!("customer = $3 AND activation = $4"),
                customer,
                activation,
            ),
        }
    }
}
