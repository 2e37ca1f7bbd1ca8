//! One delivery of the inbox whole, and many of them done again.

use sqlx::FromRow;

use crate::engine::{Store, read, write};
use crate::{Error, Listed};

/// A delivery with everything that is kept of it.
#[derive(Debug, Clone, FromRow)]
pub struct Letter {
    /// As lists show it.
    #[sqlx(flatten)]
    pub listed: Listed,
    /// When the sender says it sent it, µs.
    pub sent_at: i64,
    /// The request's headers that matter, as JSON.
    pub headers: String,
    /// The exact bytes that were signed.
    pub body: Vec<u8>,
}

/// Which deliveries are done again; whatever is `None` fits all.
#[derive(Debug, Clone, Copy)]
pub struct Again<'a> {
    /// Of this status: `done` or `dead`.
    pub status: &'a str,
    /// Of this event type.
    pub kind: Option<&'a str>,
    /// About the customer of this id of Polar's.
    pub customer: Option<&'a str>,
    /// That came from here to before there, µs.
    pub between: (i64, i64),
    /// At most so many, the oldest first.
    pub limit: i64,
}

impl Store {
    /// One delivery.
    pub async fn letter(&self, webhook_id: &str) -> Result<Option<Letter>, Error> {
        const QUERY: &str = "SELECT webhook_id, received_at, kind, customer, status, verified_by, \
             tries, settled_at, error, sent_at, headers, body FROM inbox WHERE webhook_id = $1";
        let letter = read!(&self.engine, |pool| {
            let query = sqlx::query_as(QUERY).bind(webhook_id);
            query.fetch_optional(pool).await
        });
        Ok(letter?)
    }

    /// Has deliveries projected again; says how many.
    pub async fn inbox_replay_all(&self, again: &Again<'_>, now: i64) -> Result<u64, Error> {
        const QUERY: &str = "WITH picked AS MATERIALIZED (SELECT webhook_id FROM inbox \
             WHERE status = $2 AND received_at >= $3 AND received_at < $4 \
             AND ($5 IS NULL OR kind = $5) AND ($6 IS NULL OR customer = $6) \
             ORDER BY received_at LIMIT $7) UPDATE inbox SET status = 'pending', tries = 0, \
             due_at = $1, settled_at = NULL, error = NULL \
             WHERE webhook_id IN (SELECT webhook_id FROM picked)";
        let done = write!(&self.engine, |pool| {
            let query = sqlx::query(QUERY).bind(now).bind(again.status);
            let query = query.bind(again.between.0).bind(again.between.1);
            let query = query.bind(again.kind).bind(again.customer);
            let done = query.bind(again.limit).execute(pool).await;
            done.map(|done| done.rows_affected())
        });
        Ok(done?)
    }
}
