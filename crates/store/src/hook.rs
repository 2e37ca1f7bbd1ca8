//! Calls to the application's hooks: durable rows, written with the change that causes them.

use sqlx::FromRow;

use crate::Error;
use crate::engine::{Store, Tx, read, within, write};

/// A hook call that waits to be made.
#[derive(Debug, Clone, FromRow)]
pub struct Call {
    /// Names the call, so that the same cause never makes two.
    pub id: String,
    /// Polar's id of the customer it is about.
    pub customer: String,
    /// Which hook.
    pub kind: String,
    /// How often it was tried before.
    pub tries: i64,
    /// What the hook is told, JSON.
    pub payload: String,
}

impl Tx {
    /// Leaves a call to be made once this transaction is committed; a second of the same id is
    /// none.
    pub async fn push_call(&mut self, call: &Call, now: i64) -> Result<(), Error> {
        const QUERY: &str = "INSERT INTO hook \
             (id, customer, kind, created_at, status, tries, due_at, payload) \
             VALUES ($1, $2, $3, $4, 'pending', 0, $4, $5) ON CONFLICT (id) DO NOTHING";
        within!(self, |tx| {
            let query = sqlx::query(QUERY)
                .bind(&call.id)
                .bind(&call.customer)
                .bind(&call.kind);
            query
                .bind(now)
                .bind(&call.payload)
                .execute(tx)
                .await
                .map(drop)
        })?;
        Ok(())
    }
}

impl Store {
    /// Calls that are due, oldest first.
    pub async fn calls_due(&self, now: i64, limit: i64) -> Result<Vec<Call>, Error> {
        const QUERY: &str = "SELECT id, customer, kind, tries, payload FROM hook \
             WHERE status = 'pending' AND due_at <= $1 ORDER BY due_at, created_at LIMIT $2";
        let calls = read!(&self.engine, |pool| {
            sqlx::query_as(QUERY)
                .bind(now)
                .bind(limit)
                .fetch_all(pool)
                .await
        });
        Ok(calls?)
    }

    /// The call was made; what it told is no longer needed, that it was made is.
    pub async fn call_done(&self, id: &str) -> Result<(), Error> {
        const QUERY: &str =
            "UPDATE hook SET status = 'done', error = NULL, payload = '' WHERE id = $1";
        write!(&self.engine, |pool| sqlx::query(QUERY)
            .bind(id)
            .execute(pool)
            .await
            .map(drop))?;
        Ok(())
    }

    /// The call failed: another try at `due_at` (µs), or given up when that is `None`.
    pub async fn call_failed(
        &self,
        id: &str,
        error: &str,
        due_at: Option<i64>,
    ) -> Result<(), Error> {
        const QUERY: &str = "UPDATE hook SET status = $2, tries = tries + 1, \
             due_at = COALESCE($3, due_at), error = $4 WHERE id = $1";
        let status = if due_at.is_some() { "pending" } else { "dead" };
        write!(&self.engine, |pool| {
            let query = sqlx::query(QUERY)
                .bind(id)
                .bind(status)
                .bind(due_at)
                .bind(error);
            query.execute(pool).await.map(drop)
        })?;
        Ok(())
    }

    /// Forgets calls made that were left before `before` (µs).
    ///
    /// Of an order it is never forgotten that it was told as paid: the refund of half of it a year
    /// later shows it as paid again. One small row an order.
    pub async fn calls_prune(&self, before: i64) -> Result<(), Error> {
        const QUERY: &str = "DELETE FROM hook WHERE status = 'done' AND created_at < $1 \
             AND kind <> 'order_paid'";
        write!(&self.engine, |pool| sqlx::query(QUERY)
            .bind(before)
            .execute(pool)
            .await
            .map(drop))?;
        Ok(())
    }
}
