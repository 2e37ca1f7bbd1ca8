//! Requests that are done once however often they come: known by a caller's own key, or by what
//! they ask.
//!
//! Whoever begins holds the request and keeps saying so; one that stops, because its process died,
//! loses it to the next. The first answer is the answer, until it is too old or forgotten.

use std::collections::BTreeSet;

use sqlx::FromRow;

use crate::Error;
use crate::batch::Writer;
use crate::engine::{Engine, Store, Tx, read, within, write};

/// A request that may come again.
#[derive(Debug, Clone)]
pub struct Repeatable {
    /// Whose key it is, so that callers' keys never meet; empty for keys nobody chose.
    pub caller: String,
    /// The key.
    pub key: String,
    /// What is asked: another request under the same key is told apart by it.
    pub fingerprint: String,
}

/// Who is at a request, and for how long.
#[derive(Debug, Clone)]
pub struct Hold {
    /// Names the one who is at it.
    pub holder: String,
    /// Now, µs.
    pub now: i64,
    /// Until when nobody else begins unless this is kept, µs.
    pub until: i64,
    /// Answers to requests begun before are too old, µs.
    pub oldest: i64,
}

/// What is known of a request when it comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nobody is at it: go ahead, then [`Store::idempotency_save`] or [`Store::idempotency_drop`].
    Yours,
    /// The first one still runs.
    Running,
    /// The key was used for another request.
    Other,
    /// The first one was answered.
    Answered(Saved),
}

/// An answer given before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Its HTTP status.
    pub status: u16,
    /// Its body.
    pub answer: String,
    /// The checkout without which the answer is void.
    pub checkout: Option<String>,
}

/// An answer on its way into the store.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    request: Repeatable,
    hold: Hold,
    saved: Saved,
}

#[derive(FromRow)]
struct Row {
    fingerprint: String,
    started_at: i64,
    held_until: i64,
    status: Option<i64>,
    answer: Option<String>,
    checkout: Option<String>,
}

impl Row {
    /// What it says; `None` when it says nothing any more.
    fn claim(self, fingerprint: &str, hold: &Hold) -> Option<Claim> {
        let same = self.fingerprint == fingerprint;
        match (self.status, self.answer) {
            (Some(_), _) if self.started_at < hold.oldest => None,
            (None, _) if self.held_until < hold.now => None,
            _ if !same => Some(Claim::Other),
            (Some(status), Some(answer)) => Some(Claim::Answered(Saved {
                status: u16::try_from(status).unwrap_or(500),
                answer,
                checkout: self.checkout,
            })),
            _ => Some(Claim::Running),
        }
    }
}

impl Store {
    /// Takes a request, unless another is at it or it was answered.
    pub async fn idempotency_claim(
        &self,
        request: &Repeatable,
        hold: &Hold,
    ) -> Result<Claim, Error> {
        const TAKE: &str = "INSERT INTO idempotency \
             (caller, key, fingerprint, started_at, holder, held_until) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (caller, key) DO UPDATE SET \
             fingerprint = excluded.fingerprint, started_at = excluded.started_at, \
             holder = excluded.holder, held_until = excluded.held_until, \
             status = NULL, answer = NULL, checkout = NULL \
             WHERE (idempotency.status IS NULL AND idempotency.held_until < $4) \
             OR (idempotency.status IS NOT NULL AND idempotency.started_at < $7)";
        // Most of those who wait only look; a look takes no lock and costs no commit.
        if let Some(claim) = self.idempotency_known(request, hold).await? {
            return Ok(claim);
        }
        let taken = write!(&self.engine, |pool| {
            let query = sqlx::query(TAKE).bind(&request.caller).bind(&request.key);
            let query = query.bind(&request.fingerprint).bind(hold.now);
            let query = query.bind(&hold.holder).bind(hold.until).bind(hold.oldest);
            query.execute(pool).await.map(|done| done.rows_affected())
        })?;
        if taken == 1 {
            return Ok(Claim::Yours);
        }
        // Also when it was given up just now: whoever tries again finds it free.
        let known = self.idempotency_known(request, hold).await?;
        Ok(known.unwrap_or(Claim::Running))
    }

    /// What is known of a request, taking nothing.
    pub async fn idempotency_known(
        &self,
        request: &Repeatable,
        hold: &Hold,
    ) -> Result<Option<Claim>, Error> {
        const QUERY: &str = "SELECT fingerprint, started_at, held_until, status, answer, checkout \
             FROM idempotency WHERE caller = $1 AND key = $2";
        let row: Option<Row> = read!(&self.engine, |pool| {
            let query = sqlx::query_as(QUERY).bind(&request.caller);
            query.bind(&request.key).fetch_optional(pool).await
        })?;
        Ok(row.and_then(|row| row.claim(&request.fingerprint, hold)))
    }

    /// Says that its holder is still at it, until `until` (µs).
    pub async fn idempotency_keep(
        &self,
        request: &Repeatable,
        holder: &str,
        until: i64,
    ) -> Result<(), Error> {
        const QUERY: &str = "UPDATE idempotency SET held_until = $4 \
             WHERE caller = $1 AND key = $2 AND holder = $3 AND status IS NULL";
        write!(&self.engine, |pool| {
            let query = sqlx::query(QUERY).bind(&request.caller).bind(&request.key);
            let query = query.bind(holder).bind(until);
            query.execute(pool).await.map(drop)
        })?;
        Ok(())
    }

    /// Keeps the answer for every repetition; `false` when another took the request meanwhile.
    /// Many callers share one commit.
    pub async fn idempotency_save(
        &self,
        request: Repeatable,
        hold: Hold,
        saved: Saved,
    ) -> Result<bool, Error> {
        let answer = Answer {
            request,
            hold,
            saved,
        };
        let kept = self.answers.put(vec![answer]).await?;
        Ok(kept.first().copied().unwrap_or(false))
    }

    /// Frees the request, after a failure that a repetition may mend.
    pub async fn idempotency_drop(&self, request: &Repeatable, holder: &str) -> Result<(), Error> {
        const QUERY: &str = "DELETE FROM idempotency \
             WHERE caller = $1 AND key = $2 AND holder = $3 AND status IS NULL";
        write!(&self.engine, |pool| {
            let query = sqlx::query(QUERY).bind(&request.caller).bind(&request.key);
            query.bind(holder).execute(pool).await.map(drop)
        })?;
        Ok(())
    }

    /// Forgets what a checkout answered: it is over.
    pub async fn idempotency_over(&self, checkout: &str) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        tx.idempotency_over(&BTreeSet::from([checkout.to_owned()]))
            .await?;
        tx.commit().await
    }

    /// Frees every request whose first call never finished, for the only process of a database that
    /// just started.
    pub async fn idempotency_release(&self) -> Result<(), Error> {
        const QUERY: &str = "DELETE FROM idempotency WHERE status IS NULL";
        write!(&self.engine, |pool| sqlx::query(QUERY)
            .execute(pool)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Forgets requests begun before `before` (µs).
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

impl Tx {
    /// Forgets what these checkouts answered: they are over. In one order, so that no two nodes
    /// wait for each other.
    pub async fn idempotency_over(&mut self, checkouts: &BTreeSet<String>) -> Result<(), Error> {
        const QUERY: &str = "DELETE FROM idempotency WHERE checkout = $1";
        for checkout in checkouts {
            within!(self, |tx| {
                let query = sqlx::query(QUERY).bind(checkout);
                query.execute(tx).await.map(drop)
            })?;
        }
        Ok(())
    }
}

pub(crate) const WRITER: Writer<Answer, bool> = Writer {
    name: "idempotency",
    size: |answer| answer.saved.answer.len(),
    write: |engine, answers| Box::pin(save(engine, answers)),
};

/// Rows are locked in one order, so that no two nodes wait for each other.
async fn save(engine: &Engine, answers: &[Answer]) -> Result<Vec<bool>, Error> {
    const QUERY: &str = "INSERT INTO idempotency \
         (caller, key, fingerprint, started_at, holder, held_until, status, answer, checkout) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (caller, key) DO UPDATE SET \
         started_at = excluded.started_at, holder = excluded.holder, \
         held_until = excluded.held_until, status = excluded.status, answer = excluded.answer, \
         checkout = excluded.checkout \
         WHERE (idempotency.status IS NULL AND idempotency.holder = excluded.holder) \
         OR (idempotency.status IS NOT NULL AND idempotency.started_at < $10)";
    let mut order: Vec<usize> = (0..answers.len()).collect();
    let key = |at: &usize| {
        answers
            .get(*at)
            .map(|one| (&one.request.caller, &one.request.key))
    };
    order.sort_by_key(key);
    let mut kept = vec![false; answers.len()];
    let mut tx = engine.begin().await?;
    for at in order {
        let (
            Some(Answer {
                request,
                hold,
                saved,
            }),
            Some(kept),
        ) = (answers.get(at), kept.get_mut(at))
        else {
            continue;
        };
        let done = within!(tx, |tx| {
            let query = sqlx::query(QUERY).bind(&request.caller).bind(&request.key);
            let query = query.bind(&request.fingerprint).bind(hold.now);
            let query = query.bind(&hold.holder).bind(hold.until);
            let query = query.bind(i64::from(saved.status)).bind(&saved.answer);
            let query = query.bind(&saved.checkout).bind(hold.oldest);
            query.execute(tx).await.map(|done| done.rows_affected())
        })?;
        *kept = done == 1;
    }
    tx.commit().await?;
    Ok(kept)
}
