//! Drift: what reading Polar back found to differ from what the webhooks had told.

use sqlx::FromRow;

use crate::Error;
use crate::engine::{Store, Tx, read, within, write};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Drift {
    /// Names it.
    pub id: String,
    /// When it was found, µs.
    pub found_at: i64,
    /// Polar's id of the customer, empty for the catalogue.
    pub customer: String,
    /// The object's kind.
    pub kind: String,
    /// Polar's id of the object.
    pub object: String,
    /// `missing`, `changed`, `contradicted`, `gone` or `unreadable`.
    pub what: String,
    /// The fields that differ, separated by commas.
    pub fields: String,
    /// When the mirror was put right, µs.
    pub healed_at: Option<i64>,
}

impl Tx {
    /// Writes a difference down, with what heals it.
    pub async fn push_drift(&mut self, drift: &Drift) -> Result<(), Error> {
        const QUERY: &str = "INSERT INTO drift \
             (id, found_at, customer, kind, object, what, fields, healed_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING";
        within!(self, |tx| {
            let query = sqlx::query(QUERY).bind(&drift.id).bind(drift.found_at);
            let query = query.bind(&drift.customer).bind(&drift.kind);
            let query = query.bind(&drift.object).bind(&drift.what);
            let query = query.bind(&drift.fields).bind(drift.healed_at);
            query.execute(tx).await.map(drop)
        })?;
        Ok(())
    }
}

impl Store {
    /// The newest differences found before `before` (µs).
    pub async fn drift(&self, before: i64, limit: i64) -> Result<Vec<Drift>, Error> {
        const QUERY: &str = "SELECT id, found_at, customer, kind, object, what, fields, healed_at \
             FROM drift WHERE found_at < $1 ORDER BY found_at DESC, id LIMIT $2";
        let found = read!(&self.engine, |pool| {
            let query = sqlx::query_as(QUERY).bind(before).bind(limit);
            query.fetch_all(pool).await
        });
        Ok(found?)
    }

    /// Forgets differences found before `before` (µs), healed or not.
    pub async fn drift_prune(&self, before: i64) -> Result<(), Error> {
        write!(&self.engine, |pool| {
            let query = sqlx::query("DELETE FROM drift WHERE found_at < $1").bind(before);
            query.execute(pool).await.map(drop)
        })?;
        Ok(())
    }
}
