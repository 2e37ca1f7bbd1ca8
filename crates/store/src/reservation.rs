//! Reservations: units of a meter set aside for a use that is under way. Whoever changes anything
//! about a customer's meter holds its account first, so that on all nodes one comes after another.

use sqlx::FromRow;

use crate::Error;
use crate::engine::{Store, Tx, read, within, write};

/// Longest an event is under way to Polar, µs: several calls, each with another try.
const FLIGHT_MAX: i64 = 10 * 60 * 1_000_000;

/// What a customer's meter is spent by.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Account {
    /// The customer's external id.
    pub customer: String,
    /// Polar's id of the meter.
    pub meter: String,
    /// What the meter counts, JSON.
    pub definition: String,
    /// What Polar said is left, decimal.
    pub balance: String,
    /// When Polar made that figure, µs.
    pub as_of: i64,
}

/// Units set aside.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Reservation {
    /// Polar's `external_id` of the use it becomes.
    pub id: String,
    /// The customer's external id.
    pub customer: String,
    /// Polar's id of the meter.
    pub meter: String,
    /// How many, decimal.
    pub units: String,
    /// When it was made, µs.
    pub created_at: i64,
    /// When its time is over, µs.
    pub expires_at: i64,
    /// `held`, `committed`, `released` or `expired`.
    pub state: String,
    /// How many of the units were spent, once it is committed, decimal.
    pub spent: Option<String>,
}

impl Store {
    /// A reservation, whatever became of it.
    pub async fn reservation(&self, id: &str) -> Result<Option<Reservation>, Error> {
        let found = read!(&self.engine, |pool| {
            sqlx::query_as(BY_ID).bind(id).fetch_optional(pool).await
        });
        Ok(found?)
    }

    /// The units of every reservation of a customer's meter that is held at `now` (µs).
    pub async fn reserved(
        &self,
        customer: &str,
        meter: &str,
        now: i64,
    ) -> Result<Vec<String>, Error> {
        const QUERY: &str = "SELECT units FROM reservation \
             WHERE customer = $1 AND meter = $2 AND state = 'held' AND expires_at > $3";
        let units = read!(&self.engine, |pool| {
            let query = sqlx::query_scalar(QUERY).bind(customer).bind(meter);
            query.bind(now).fetch_all(pool).await
        });
        Ok(units?)
    }

    /// The accounts of a customer, as they were last spent by.
    pub async fn accounts(&self, customer: &str) -> Result<Vec<Account>, Error> {
        const QUERY: &str = "SELECT customer, meter, definition, balance, as_of FROM account \
             WHERE customer = $1 ORDER BY meter";
        let accounts = read!(&self.engine, |pool| {
            sqlx::query_as(QUERY).bind(customer).fetch_all(pool).await
        });
        Ok(accounts?)
    }

    /// How many reservations are held at `now` (µs).
    pub async fn reservations_held(&self, now: i64) -> Result<i64, Error> {
        const QUERY: &str =
            "SELECT COUNT(*) FROM reservation WHERE state = 'held' AND expires_at > $1";
        let held = read!(&self.engine, |pool| {
            sqlx::query_scalar(QUERY).bind(now).fetch_one(pool).await
        });
        Ok(held?)
    }

    /// Writes down whose time is over at `now` (µs); says how many.
    pub async fn reservations_expire(&self, now: i64) -> Result<u64, Error> {
        const QUERY: &str = "UPDATE reservation SET state = 'expired', settled_at = $1 \
             WHERE state = 'held' AND expires_at <= $1";
        let done = write!(&self.engine, |pool| {
            let done = sqlx::query(QUERY).bind(now).execute(pool).await;
            done.map(|done| done.rows_affected())
        });
        Ok(done?)
    }

    /// Forgets reservations that came to their end before `before` (µs), and accounts nobody spends
    /// from any more.
    pub async fn reservations_prune(&self, before: i64) -> Result<(), Error> {
        const QUERIES: [&str; 2] = [
            "DELETE FROM reservation WHERE state <> 'held' AND settled_at < $1",
            "DELETE FROM account WHERE touched_at < $1 AND NOT EXISTS (SELECT 1 FROM reservation \
             WHERE reservation.customer = account.customer AND reservation.meter = account.meter)",
        ];
        for query in QUERIES {
            write!(&self.engine, |pool| sqlx::query(query)
                .bind(before)
                .execute(pool)
                .await
                .map(drop))?;
        }
        Ok(())
    }
}

impl Tx {
    /// Holds an account until the transaction ends, and opens it the first time; tells the newest
    /// figure there ever was, which may be newer than the one given.
    pub async fn hold_account(&mut self, given: &Account, now: i64) -> Result<Account, Error> {
        const QUERY: &str = "INSERT INTO account \
             (customer, meter, definition, balance, as_of, touched_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (customer, meter) DO UPDATE SET \
             definition = excluded.definition, touched_at = excluded.touched_at, \
             balance = CASE WHEN excluded.as_of >= account.as_of THEN excluded.balance \
             ELSE account.balance END, \
             as_of = CASE WHEN excluded.as_of >= account.as_of THEN excluded.as_of \
             ELSE account.as_of END \
             RETURNING customer, meter, definition, balance, as_of";
        let held = within!(self, |tx| {
            let query = sqlx::query_as(QUERY).bind(&given.customer);
            let query = query.bind(&given.meter).bind(&given.definition);
            let query = query.bind(&given.balance).bind(given.as_of).bind(now);
            query.fetch_one(tx).await
        });
        Ok(held?)
    }

    /// Holds the account of a reservation until the transaction ends.
    pub async fn hold_account_of(
        &mut self,
        reservation: &Reservation,
        now: i64,
    ) -> Result<Option<Account>, Error> {
        const QUERY: &str = "UPDATE account SET touched_at = $3 \
             WHERE customer = $1 AND meter = $2 \
             RETURNING customer, meter, definition, balance, as_of";
        let held = within!(self, |tx| {
            let query = sqlx::query_as(QUERY).bind(&reservation.customer);
            let query = query.bind(&reservation.meter).bind(now);
            query.fetch_optional(tx).await
        });
        Ok(held?)
    }

    /// A reservation, whatever became of it.
    pub async fn reservation(&mut self, id: &str) -> Result<Option<Reservation>, Error> {
        let found = within!(self, |tx| {
            sqlx::query_as(BY_ID).bind(id).fetch_optional(tx).await
        });
        Ok(found?)
    }

    /// Ends the reservations of an account whose time is over. Written down before their units go to
    /// others, so that no node, whatever its clock says, takes them for held afterwards.
    pub async fn expire_of(&mut self, account: &Account, now: i64) -> Result<u64, Error> {
        const QUERY: &str = "UPDATE reservation SET state = 'expired', settled_at = $3 \
             WHERE customer = $1 AND meter = $2 AND state = 'held' AND expires_at <= $3";
        let done = within!(self, |tx| {
            let query = sqlx::query(QUERY).bind(&account.customer);
            let query = query.bind(&account.meter).bind(now);
            query.execute(tx).await.map(|done| done.rows_affected())
        });
        Ok(done?)
    }

    /// The units of every reservation of an account that is held.
    pub async fn held_of(&mut self, account: &Account, limit: i64) -> Result<Vec<String>, Error> {
        const QUERY: &str = "SELECT units FROM reservation \
             WHERE customer = $1 AND meter = $2 AND state = 'held' LIMIT $3";
        let units = within!(self, |tx| {
            let query = sqlx::query_scalar(QUERY).bind(&account.customer);
            query.bind(&account.meter).bind(limit).fetch_all(tx).await
        });
        Ok(units?)
    }

    /// A customer's events that a figure of Polar's may lack: those that wait, and those Polar had
    /// not surely taken at `counted_until` (µs).
    pub async fn usage_not_surely_counted(
        &mut self,
        customer: &str,
        counted_until: i64,
        limit: i64,
    ) -> Result<Vec<String>, Error> {
        // The second bound follows from the third, and has an index.
        const QUERY: &str = "SELECT body FROM usage WHERE customer = $1 AND state = 'pending' \
             UNION ALL SELECT body FROM usage WHERE customer = $1 AND state = 'delivered' \
             AND settled_at > $2 AND COALESCE(answered_at, settled_at) > $3 LIMIT $4";
        let bodies = within!(self, |tx| {
            let query = sqlx::query_scalar(QUERY).bind(customer);
            let query = query.bind(counted_until.saturating_sub(FLIGHT_MAX));
            let query = query.bind(counted_until).bind(limit);
            query.fetch_all(tx).await
        });
        Ok(bodies?)
    }

    /// Sets units aside; `false` when there is a reservation of this id.
    pub async fn reserve(&mut self, new: &Reservation) -> Result<bool, Error> {
        const QUERY: &str = "INSERT INTO reservation \
             (id, customer, meter, units, created_at, expires_at, state) \
             VALUES ($1, $2, $3, $4, $5, $6, 'held') ON CONFLICT (id) DO NOTHING";
        let done = within!(self, |tx| {
            let query = sqlx::query(QUERY).bind(&new.id).bind(&new.customer);
            let query = query.bind(&new.meter).bind(&new.units);
            let query = query.bind(new.created_at).bind(new.expires_at);
            query.execute(tx).await.map(|done| done.rows_affected())
        });
        Ok(done? == 1)
    }

    /// Ends a reservation: `spent` of its units were used, or none and it is given back.
    pub async fn settle_reservation(
        &mut self,
        id: &str,
        spent: Option<&str>,
        now: i64,
    ) -> Result<(), Error> {
        const QUERY: &str =
            "UPDATE reservation SET state = $2, spent = $3, settled_at = $4 WHERE id = $1";
        let state = if spent.is_some() {
            "committed"
        } else {
            "released"
        };
        within!(self, |tx| {
            let query = sqlx::query(QUERY).bind(id).bind(state);
            query.bind(spent).bind(now).execute(tx).await.map(drop)
        })?;
        Ok(())
    }

    /// Whether a usage event of this id was ever accepted, as far as is remembered.
    pub async fn usage_has(&mut self, id: &str) -> Result<bool, Error> {
        const QUERY: &str = "SELECT COUNT(*) FROM usage WHERE id = $1";
        let found: i64 = within!(self, |tx| {
            sqlx::query_scalar(QUERY).bind(id).fetch_one(tx).await
        })?;
        Ok(found > 0)
    }
}

const BY_ID: &str = "SELECT id, customer, meter, units, created_at, expires_at, state, spent \
     FROM reservation WHERE id = $1";
