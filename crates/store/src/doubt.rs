//! Customers in doubt: what is known of them contradicts itself, and one read of Polar's settles it.

use sqlx::FromRow;

use crate::Error;
use crate::engine::{Store, Tx, read, within, write};

/// A customer to be read back.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Doubt {
    /// Polar's id of the customer.
    pub customer: String,
    /// Why, in a word.
    pub reason: String,
    /// Only a read of a later moment settles it, µs of Polar's time.
    pub after_at: i64,
    /// Everything of the customer is to be read, not the state alone.
    pub whole: bool,
    /// When it arose, µs.
    pub marked_at: i64,
    /// When it is to be looked into, µs.
    pub due_at: i64,
    /// How often that failed.
    pub tries: i64,
    /// Why it failed last.
    pub error: Option<String>,
}

impl Tx {
    /// Marks a customer; a second mark joins the first, so that one read settles both.
    pub async fn doubt(&mut self, doubt: &Doubt) -> Result<(), Error> {
        const QUERY: &str = "INSERT INTO doubt \
             (customer, reason, after_at, whole, marked_at, due_at, tries) \
             VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (customer) DO UPDATE SET \
             reason = excluded.reason, whole = doubt.whole OR excluded.whole, \
             after_at = CASE WHEN excluded.after_at > doubt.after_at \
             THEN excluded.after_at ELSE doubt.after_at END";
        within!(self, |tx| {
            let query = sqlx::query(QUERY).bind(&doubt.customer).bind(&doubt.reason);
            let query = query.bind(doubt.after_at).bind(doubt.whole);
            let query = query.bind(doubt.marked_at).bind(doubt.due_at);
            query.execute(tx).await.map(drop)
        })?;
        Ok(())
    }

    /// A read of moment `at` (µs) settled it, unless something later was marked meanwhile.
    pub async fn doubt_settled(&mut self, customer: &str, at: i64) -> Result<(), Error> {
        const QUERY: &str = "DELETE FROM doubt WHERE customer = $1 AND after_at < $2";
        within!(self, |tx| {
            let query = sqlx::query(QUERY).bind(customer).bind(at);
            query.execute(tx).await.map(drop)
        })?;
        Ok(())
    }
}

impl Store {
    /// Marks a customer, in a commit of its own.
    pub async fn doubt(&self, doubt: &Doubt) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        tx.doubt(doubt).await?;
        tx.commit().await
    }

    /// Those to be looked into, the longest due first.
    pub async fn doubts_due(&self, now: i64, limit: i64) -> Result<Vec<Doubt>, Error> {
        const QUERY: &str = "SELECT customer, reason, after_at, whole, marked_at, due_at, tries, \
             error FROM doubt WHERE due_at <= $1 ORDER BY due_at LIMIT $2";
        let due = read!(&self.engine, |pool| {
            let query = sqlx::query_as(QUERY).bind(now).bind(limit);
            query.fetch_all(pool).await
        });
        Ok(due?)
    }

    /// How many there are.
    pub async fn doubts(&self) -> Result<i64, Error> {
        let count = read!(&self.engine, |pool| {
            sqlx::query_scalar("SELECT COUNT(*) FROM doubt")
                .fetch_one(pool)
                .await
        });
        Ok(count?)
    }

    /// Drops a doubt that turned out to be none, unless something later was marked meanwhile.
    pub async fn doubt_settled(&self, customer: &str, at: i64) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        tx.doubt_settled(customer, at).await?;
        tx.commit().await
    }

    /// It could not be looked into; it will be again at `due_at` (µs).
    pub async fn doubt_failed(
        &self,
        customer: &str,
        error: &str,
        due_at: i64,
    ) -> Result<(), Error> {
        const QUERY: &str = "UPDATE doubt SET tries = tries + 1, error = $2, due_at = $3 \
             WHERE customer = $1";
        write!(&self.engine, |pool| {
            let query = sqlx::query(QUERY).bind(customer).bind(error).bind(due_at);
            query.execute(pool).await.map(drop)
        })?;
        Ok(())
    }
}
