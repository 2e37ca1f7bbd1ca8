//! Entitlement rows: one for each reason a customer may, or may no longer, use something.

use sqlx::FromRow;

use crate::Error;
use crate::engine::{Store, Tx, read, within};

/// One reason for, or against, one customer's use of one thing.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Entitlement {
    /// Where it comes from: `subscription:ID`, `order:ID` or `grant:ID`.
    pub source: String,
    /// `product` or `benefit`.
    pub kind: String,
    /// Polar's id of the product or benefit.
    pub target: String,
    /// Whether this reason grants.
    pub granted: bool,
    /// Why, in a word.
    pub reason: String,
    /// What else is worth knowing, JSON.
    pub detail: String,
    /// When the state this row tells of was sent, µs; of an expired one, when it expired.
    pub changed_at: i64,
    /// Until when it grants, µs of Polar's time; `None` when nothing but news ends it.
    pub expires_at: Option<i64>,
    /// What led to it, a JSON list, oldest first.
    pub events: String,
}

/// A customer with a reason whose time is over, though its row still grants.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Expired {
    /// When it was over, µs of Polar's time.
    pub expires_at: i64,
    /// Polar's id of the customer.
    pub customer: String,
}

impl Store {
    /// All reasons of one customer.
    pub async fn entitlements(&self, customer: &str) -> Result<Vec<Entitlement>, Error> {
        let rows = read!(&self.engine, |pool| {
            sqlx::query_as(SELECT).bind(customer).fetch_all(pool).await
        });
        Ok(rows?)
    }

    /// Of each reason's source, what led to it: a JSON list.
    pub async fn entitlement_events(&self, customer: &str) -> Result<Vec<(String, String)>, Error> {
        const QUERY: &str = "SELECT source, events FROM entitlement WHERE customer = $1";
        let rows = read!(&self.engine, |pool| {
            sqlx::query_as(QUERY).bind(customer).fetch_all(pool).await
        });
        Ok(rows?)
    }

    /// Customers with rows whose time was over at `now` (µs of Polar's time), the longest over
    /// first, behind the one given.
    pub async fn expired(
        &self,
        now: i64,
        behind: &Expired,
        limit: i64,
    ) -> Result<Vec<Expired>, Error> {
        const QUERY: &str = "SELECT DISTINCT expires_at, customer FROM entitlement \
             WHERE granted AND expires_at IS NOT NULL AND expires_at <= $1 \
             AND (expires_at, customer) > ($2, $3) ORDER BY expires_at, customer LIMIT $4";
        let rows = read!(&self.engine, |pool| {
            let query = sqlx::query_as(QUERY).bind(now).bind(behind.expires_at);
            query
                .bind(&behind.customer)
                .bind(limit)
                .fetch_all(pool)
                .await
        });
        Ok(rows?)
    }
}

impl Tx {
    /// All reasons of one customer, as this transaction sees them.
    pub async fn entitlements(&mut self, customer: &str) -> Result<Vec<Entitlement>, Error> {
        let rows = within!(self, |tx| {
            sqlx::query_as(SELECT).bind(customer).fetch_all(tx).await
        });
        Ok(rows?)
    }

    /// Writes one reason, over the one of the same source.
    pub async fn put_entitlement(
        &mut self,
        customer: &str,
        row: &Entitlement,
    ) -> Result<(), Error> {
        const QUERY: &str = "INSERT INTO entitlement \
             (customer, source, kind, target, granted, reason, detail, changed_at, expires_at, events) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
             ON CONFLICT (customer, source) DO UPDATE SET kind = excluded.kind, \
             target = excluded.target, granted = excluded.granted, reason = excluded.reason, \
             detail = excluded.detail, changed_at = excluded.changed_at, \
             expires_at = excluded.expires_at, events = excluded.events";
        within!(self, |tx| {
            let query = sqlx::query(QUERY)
                .bind(customer)
                .bind(&row.source)
                .bind(&row.kind);
            let query = query.bind(&row.target).bind(row.granted).bind(&row.reason);
            query
                .bind(&row.detail)
                .bind(row.changed_at)
                .bind(row.expires_at)
                .bind(&row.events)
                .execute(tx)
                .await
                .map(drop)
        })?;
        Ok(())
    }

    /// Takes one reason away, when nothing known speaks of it any more.
    pub async fn drop_entitlement(&mut self, customer: &str, source: &str) -> Result<(), Error> {
        const QUERY: &str = "DELETE FROM entitlement WHERE customer = $1 AND source = $2";
        within!(self, |tx| {
            sqlx::query(QUERY)
                .bind(customer)
                .bind(source)
                .execute(tx)
                .await
                .map(drop)
        })?;
        Ok(())
    }
}

const SELECT: &str = "SELECT source, kind, target, granted, reason, detail, changed_at, expires_at, \
     events FROM entitlement WHERE customer = $1 ORDER BY source";
