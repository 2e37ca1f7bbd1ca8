//! API keys: who may call the gateway. The key itself is never stored, only its hash.

use sqlx::FromRow;

use crate::Error;
use crate::engine::{Store, read, write};

/// A server's key, as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ApiKey {
    /// Names the key, in lists and to revoke it.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// SHA-256 of the key, in hexadecimal.
    pub hash: String,
    /// What it may do, separated by spaces.
    pub scopes: String,
    /// When it was made, µs.
    pub created_at: i64,
    /// Since when it no longer works, µs.
    pub revoked_at: Option<i64>,
}

impl Store {
    /// Adds a key; adding the same key again changes nothing.
    pub async fn add_api_key(&self, key: &ApiKey) -> Result<(), Error> {
        const QUERY: &str = "INSERT INTO api_key (id, name, hash, scopes, created_at, revoked_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (hash) DO NOTHING";
        write!(&self.engine, |pool| {
            let query = sqlx::query(QUERY)
                .bind(&key.id)
                .bind(&key.name)
                .bind(&key.hash);
            let query = query
                .bind(&key.scopes)
                .bind(key.created_at)
                .bind(key.revoked_at);
            query.execute(pool).await.map(drop)
        })?;
        Ok(())
    }

    /// The living key of this hash.
    pub async fn api_key(&self, hash: &str) -> Result<Option<ApiKey>, Error> {
        const QUERY: &str = "SELECT id, name, hash, scopes, created_at, revoked_at FROM api_key \
             WHERE hash = $1 AND revoked_at IS NULL";
        let key = read!(&self.engine, |pool| {
            sqlx::query_as(QUERY).bind(hash).fetch_optional(pool).await
        });
        Ok(key?)
    }

    /// All keys, revoked ones too, newest first.
    pub async fn api_keys(&self) -> Result<Vec<ApiKey>, Error> {
        const QUERY: &str = "SELECT id, name, hash, scopes, created_at, revoked_at FROM api_key \
             ORDER BY created_at DESC, id";
        Ok(read!(&self.engine, |pool| sqlx::query_as(QUERY)
            .fetch_all(pool)
            .await)?)
    }

    /// Ends a key; `false` when no living key has this id.
    pub async fn revoke_api_key(&self, id: &str, now: i64) -> Result<bool, Error> {
        const QUERY: &str =
            "UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
        let done = write!(&self.engine, |pool| {
            let done = sqlx::query(QUERY).bind(id).bind(now).execute(pool).await;
            done.map(|done| done.rows_affected())
        });
        Ok(done? == 1)
    }
}
