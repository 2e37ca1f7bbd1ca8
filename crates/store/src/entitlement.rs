//! Entitlement rows: one for each reason a customer may, or may no longer, use something.

use std::collections::HashMap;

use sqlx::{FromRow, QueryBuilder};

use crate::Error;
use crate::batch::chunks;
use crate::engine::{Store, Tx, read, within};

/// One reason for, or against, one customer's use of one thing.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Entitlement {
    /// Where it comes from: `subscription:ID`, `order:ID`, `grant:ID` or `seat:ID`.
    pub source: String,
    /// `product`, `benefit` or `seat`.
    pub kind: String,
    /// Polar's id of the product or benefit; of a seat, of its product.
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

    /// All reasons of each of these customers, as this transaction sees them.
    pub async fn entitlements_of(
        &mut self,
        customers: &[&str],
    ) -> Result<HashMap<String, Vec<Entitlement>>, Error> {
        let mut all: HashMap<String, Vec<Entitlement>> = HashMap::with_capacity(customers.len());
        for some in chunks(customers) {
            let rows: Vec<Of> = within!(self, |tx| {
                let mut query = QueryBuilder::new(SELECT_OF);
                let mut ids = query.separated(", ");
                for customer in some {
                    ids.push_bind(*customer);
                }
                query.push(") ORDER BY customer, source");
                query.build_query_as().fetch_all(tx).await
            })?;
            for row in rows {
                all.entry(row.customer).or_default().push(row.reason);
            }
        }
        Ok(all)
    }

    /// Writes reasons of customers, each over the one of the same source.
    pub async fn put_entitlements(&mut self, rows: &[(&str, &Entitlement)]) -> Result<(), Error> {
        for some in chunks(rows) {
            within!(self, |tx| {
                let mut query = QueryBuilder::new(
                    "INSERT INTO entitlement (customer, source, kind, target, granted, reason, \
                     detail, changed_at, expires_at, events) ",
                );
                query.push_values(some, |mut row, (customer, reason)| {
                    row.push_bind(*customer).push_bind(&reason.source);
                    row.push_bind(&reason.kind).push_bind(&reason.target);
                    row.push_bind(reason.granted).push_bind(&reason.reason);
                    row.push_bind(&reason.detail).push_bind(reason.changed_at);
                    row.push_bind(reason.expires_at).push_bind(&reason.events);
                });
                query.push(
                    " ON CONFLICT (customer, source) DO UPDATE SET kind = excluded.kind, \
                     target = excluded.target, granted = excluded.granted, \
                     reason = excluded.reason, detail = excluded.detail, \
                     changed_at = excluded.changed_at, expires_at = excluded.expires_at, \
                     events = excluded.events",
                );
                query.build().execute(tx).await.map(drop)
            })?;
        }
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
const SELECT_OF: &str = "SELECT customer, source, kind, target, granted, reason, detail, \
     changed_at, expires_at, events FROM entitlement WHERE customer IN (";

#[derive(FromRow)]
struct Of {
    customer: String,
    #[sqlx(flatten)]
    reason: Entitlement,
}
