//! Dead letters: usage that Polar refused for good, and sending it again.

use sqlx::FromRow;

use crate::Error;
use crate::engine::{Store, read, write};

/// An event that was given up.
#[derive(Debug, Clone, FromRow)]
pub struct DeadUse {
    /// Polar's `external_id` of it.
    pub id: String,
    /// The event as Polar was to take it, JSON.
    pub body: String,
    /// Why it was given up.
    pub error: String,
    /// When, µs.
    pub settled_at: i64,
}

impl Store {
    /// Events given up, newest first.
    pub async fn usage_dead(&self, limit: i64) -> Result<Vec<DeadUse>, Error> {
        const QUERY: &str = "SELECT id, body, COALESCE(error, '') AS error, \
             COALESCE(settled_at, 0) AS settled_at FROM usage \
             WHERE state = 'dead' ORDER BY settled_at DESC LIMIT $1";
        let dead = read!(&self.engine, |pool| {
            sqlx::query_as(QUERY).bind(limit).fetch_all(pool).await
        });
        Ok(dead?)
    }

    /// Has an event that was given up sent again, alone; `false` when there is none of that id.
    pub async fn usage_replay(&self, id: &str, now: i64) -> Result<bool, Error> {
        // Whatever it went in was never counted: Polar refused it.
        const QUERY: &str = "UPDATE usage SET state = 'pending', tries = 0, due_at = $2, \
             settled_at = NULL, error = NULL, rollup = NULL, bundle = NULL \
             WHERE id = $1 AND state = 'dead'";
        let done = write!(&self.engine, |pool| {
            let done = sqlx::query(QUERY).bind(id).bind(now).execute(pool).await;
            done.map(|done| done.rows_affected())
        });
        Ok(done? == 1)
    }
}
