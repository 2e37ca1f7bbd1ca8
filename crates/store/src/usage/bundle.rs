//! Bundles: events that go to Polar as one. What they go as is durable before it is sent, so that it
//! is the same however often that happens.

use sqlx::QueryBuilder;

use super::Pending;
use super::queue::push_ids;
use crate::batch::chunks;
use crate::engine::{Store, Tx, read, within};
use crate::{Error, crash};

/// One event made of several.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// Polar's `external_id` of it.
    pub id: String,
    /// Its timestamp, µs.
    pub used_at: i64,
    /// As Polar takes it, JSON.
    pub body: String,
    /// Ids of the events it stands for.
    pub parts: Vec<String>,
}

impl Store {
    /// Decides that these go as bundles from now on; `false` when any of their parts is settled, or
    /// in another, and nothing is decided.
    pub async fn usage_bundle(&self, bundles: &[Bundle], now: i64) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let mut all = 0;
        for bundle in bundles {
            for some in chunks(&bundle.parts) {
                let taken = tx.bundle_parts(&bundle.id, some).await?;
                if taken != u64::try_from(some.len()).unwrap_or(u64::MAX) {
                    return Ok(false);
                }
                all += taken;
            }
            tx.insert_bundle(bundle, now).await?;
        }
        tx.usage_count("rolled_up", all).await?;
        crash::point("usage.bundling");
        tx.commit().await?;
        crash::point("usage.bundled");
        Ok(true)
    }

    /// Bundles that are due, oldest first.
    pub async fn usage_bundles_due(&self, now: i64, limit: i64) -> Result<Vec<Pending>, Error> {
        const QUERY: &str = "SELECT id, tries, used_at, \
             CAST(NULL AS TEXT) AS rollup, body FROM usage_bundle \
             WHERE due_at <= $1 ORDER BY due_at LIMIT $2";
        let due = read!(&self.engine, |pool| {
            let query = sqlx::query_as(QUERY).bind(now).bind(limit);
            query.fetch_all(pool).await
        });
        Ok(due?)
    }
}

impl Tx {
    async fn bundle_parts(&mut self, bundle: &str, parts: &[String]) -> Result<u64, Error> {
        let done = within!(self, |tx| {
            let mut query = QueryBuilder::new("UPDATE usage SET bundle = ");
            query.push_bind(bundle);
            query.push(" WHERE state = 'pending' AND bundle IS NULL AND id");
            push_ids(&mut query, parts);
            let done = query.build().execute(tx).await;
            done.map(|done| done.rows_affected())
        });
        Ok(done?)
    }

    async fn insert_bundle(&mut self, bundle: &Bundle, now: i64) -> Result<(), Error> {
        const QUERY: &str = "INSERT INTO usage_bundle (id, due_at, used_at, tries, body) \
             VALUES ($1, $2, $3, 0, $4)";
        within!(self, |tx| {
            let query = sqlx::query(QUERY).bind(&bundle.id).bind(now);
            let query = query.bind(bundle.used_at);
            query.bind(&bundle.body).execute(tx).await.map(drop)
        })?;
        Ok(())
    }
}
