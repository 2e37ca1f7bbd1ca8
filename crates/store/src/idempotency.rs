//! Idempotency keys: the first answer under a key is the answer to every repetition.

use sqlx::FromRow;

use crate::Error;
use crate::engine::{Store, write};

/// What is known of a key when a call arrives under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nobody used it: go ahead, then [`Store::idempotency_save`] or [`Store::idempotency_drop`].
    Yours,
    /// The first call still runs.
    Running,
    /// The key was used for another request.
    Other,
    /// The first call was answered.
    Answered(Saved),
}

/// An answer given before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Its HTTP status.
    pub status: u16,
    /// Its body.
    pub answer: String,
}

#[derive(FromRow)]
struct Row {
    fingerprint: String,
    status: Option<i64>,
    answer: Option<String>,
}

impl Store {
    /// Takes a caller's key for one request, told by its fingerprint.
    ///
    /// A first call that never finished, because its process died, gives the key up after
    /// `abandoned_before` (µs).
    pub async fn idempotency_claim(
        &self,
        (caller, key): (&str, &str),
        fingerprint: &str,
        now: i64,
        abandoned_before: i64,
    ) -> Result<Claim, Error> {
        const TAKE: &str = "INSERT INTO idempotency (caller, key, fingerprint, started_at) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (caller, key) DO UPDATE SET \
             fingerprint = excluded.fingerprint, started_at = excluded.started_at \
             WHERE idempotency.status IS NULL AND idempotency.started_at < $5";
        const FIND: &str = "SELECT fingerprint, status, answer FROM idempotency \
             WHERE caller = $1 AND key = $2";
        let taken = write!(&self.engine, |pool| {
            let query = sqlx::query(TAKE).bind(caller).bind(key).bind(fingerprint);
            let done = query.bind(now).bind(abandoned_before).execute(pool).await;
            done.map(|done| done.rows_affected())
        })?;
        if taken == 1 {
            return Ok(Claim::Yours);
        }
        let found: Option<Row> = write!(&self.engine, |pool| {
            sqlx::query_as(FIND)
                .bind(caller)
                .bind(key)
                .fetch_optional(pool)
                .await
        })?;
        Ok(match found {
            Some(row) if row.fingerprint != fingerprint => Claim::Other,
            Some(Row {
                status: Some(status),
                answer: Some(answer),
                ..
            }) => Claim::Answered(Saved {
                status: u16::try_from(status).unwrap_or(500),
                answer,
            }),
            // Also when it was given up just now: the caller tries again and finds it free.
            Some(_) | None => Claim::Running,
        })
    }

    /// Keeps the answer for every repetition.
    pub async fn idempotency_save(
        &self,
        (caller, key): (&str, &str),
        saved: &Saved,
    ) -> Result<(), Error> {
        const QUERY: &str = "UPDATE idempotency SET status = $3, answer = $4 \
             WHERE caller = $1 AND key = $2";
        write!(&self.engine, |pool| {
            let query = sqlx::query(QUERY)
                .bind(caller)
                .bind(key)
                .bind(i64::from(saved.status));
            query.bind(&saved.answer).execute(pool).await.map(drop)
        })?;
        Ok(())
    }

    /// Frees the key, after a failure that a repetition may mend.
    pub async fn idempotency_drop(&self, (caller, key): (&str, &str)) -> Result<(), Error> {
        const QUERY: &str = "DELETE FROM idempotency WHERE caller = $1 AND key = $2";
        write!(&self.engine, |pool| {
            sqlx::query(QUERY)
                .bind(caller)
                .bind(key)
                .execute(pool)
                .await
                .map(drop)
        })?;
        Ok(())
    }

    /// Frees every key whose first call never finished, for the only process of a database that just
    /// started.
    pub async fn idempotency_release(&self) -> Result<(), Error> {
        const QUERY: &str = "DELETE FROM idempotency WHERE status IS NULL";
        write!(&self.engine, |pool| sqlx::query(QUERY)
            .execute(pool)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Forgets keys first used before `before` (µs).
    pub async fn idempotency_prune(&self, before: i64) -> Result<(), Error> {
        const QUERY: &str = "DELETE FROM idempotency WHERE started_at < $1";
        write!(&self.engine, |pool| sqlx::query(QUERY)
            .bind(before)
            .execute(pool)
            .await
            .map(drop))?;
        Ok(())
    }
}
