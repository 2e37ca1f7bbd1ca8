//! Licence keys by their hash: which of Polar's keys it stands for, and what the mirror knows of it.

use sqlx::FromRow;

use crate::Error;
use crate::engine::{Store, Tx, read, within, write};

/// What the mirror knows of a licence key.
#[derive(Debug, Clone, FromRow)]
pub struct MirroredLicense {
    /// Polar's id of the key.
    pub id: String,
    /// Polar's id of whose it is.
    pub customer: String,
    /// The key as it was read, JSON.
    pub body: Option<String>,
    /// When it was read so first, µs of Polar's time.
    pub told_at: Option<i64>,
    /// When it was last found so, µs.
    pub seen_at: Option<i64>,
    /// Since when Polar no longer has it, µs.
    pub gone_at: Option<i64>,
    /// What decides of the grant it came with, JSON.
    pub grant_essence: Option<String>,
    /// When that was told, µs.
    pub grant_told_at: Option<i64>,
}

/// A licence key whose hash is not known yet.
#[derive(Debug, Clone, FromRow)]
pub struct UnreadLicense {
    /// Polar's id of it.
    pub id: String,
    /// How often reading it failed.
    pub tries: i64,
}

impl Store {
    /// The key of this hash, or of this id of Polar's.
    pub async fn mirrored_license(
        &self,
        hash: &str,
        id: Option<&str>,
    ) -> Result<Option<MirroredLicense>, Error> {
        const QUERY: &str = "SELECT l.id, l.customer, k.body, k.envelope_at AS told_at, \
             k.seen_at, k.gone_at, g.essence AS grant_essence, g.envelope_at AS grant_told_at \
             FROM license_key l \
             LEFT JOIN mirror k ON k.customer = l.customer AND k.kind = 'license_key' \
             AND k.id = l.id \
             LEFT JOIN mirror g ON g.customer = l.customer AND g.kind = 'benefit_grant' \
             AND g.id = l.grant_id \
             WHERE l.hash = $1 OR l.id = $2 LIMIT 1";
        let found = read!(&self.engine, |pool| {
            let query = sqlx::query_as(QUERY).bind(hash).bind(id);
            query.fetch_optional(pool).await
        });
        Ok(found?)
    }

    /// Keys to be read for their hash, the longest due first.
    pub async fn unread_licenses(&self, now: i64, limit: i64) -> Result<Vec<UnreadLicense>, Error> {
        const QUERY: &str = "SELECT id, tries FROM license_key \
             WHERE hash IS NULL AND due_at <= $1 ORDER BY due_at LIMIT $2";
        let unread = read!(&self.engine, |pool| {
            let query = sqlx::query_as(QUERY).bind(now).bind(limit);
            query.fetch_all(pool).await
        });
        Ok(unread?)
    }

    /// Notes that a key could not be read, and when to try again (µs).
    pub async fn license_not_read(&self, id: &str, due_at: i64) -> Result<(), Error> {
        const QUERY: &str = "UPDATE license_key SET due_at = $2, tries = tries + 1 WHERE id = $1";
        write!(&self.engine, |pool| {
            let query = sqlx::query(QUERY).bind(id).bind(due_at);
            query.execute(pool).await.map(drop)
        })?;
        Ok(())
    }
}

impl Tx {
    /// Notes which grant a key came with; its hash is to be read at once.
    pub async fn license_granted(
        &mut self,
        id: &str,
        customer: &str,
        grant: &str,
    ) -> Result<(), Error> {
        const QUERY: &str = "INSERT INTO license_key (id, customer, grant_id) VALUES ($1, $2, $3) \
             ON CONFLICT (id) DO UPDATE SET customer = excluded.customer, \
             grant_id = excluded.grant_id";
        within!(self, |tx| {
            let query = sqlx::query(QUERY).bind(id).bind(customer).bind(grant);
            query.execute(tx).await.map(drop)
        })?;
        Ok(())
    }

    /// Notes the hash of a key that was read; says whether it is news.
    pub async fn license_read(
        &mut self,
        id: &str,
        customer: &str,
        hash: &str,
    ) -> Result<bool, Error> {
        const QUERY: &str = "INSERT INTO license_key (id, customer, hash) VALUES ($1, $2, $3) \
             ON CONFLICT (id) DO UPDATE SET customer = excluded.customer, hash = excluded.hash \
             WHERE license_key.hash IS NULL OR license_key.hash <> excluded.hash";
        let done = within!(self, |tx| {
            let query = sqlx::query(QUERY).bind(id).bind(customer).bind(hash);
            query.execute(tx).await.map(|done| done.rows_affected())
        });
        Ok(done? == 1)
    }
}
