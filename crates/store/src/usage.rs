//! The usage spool: events are durable here before anyone is told so, and stay until Polar has them.

use sqlx::{FromRow, QueryBuilder};

use crate::batch::{Writer, chunks};
use crate::engine::{Engine, Open, Store, read, within, write};
use crate::{Error, crash};

/// A usage event as accepted.
#[derive(Debug, Clone)]
pub struct UsageEvent {
    /// Minted at acceptance; Polar's `external_id`, so that sending twice counts once.
    pub id: String,
    /// The customer's external id.
    pub customer: String,
    /// When it was accepted, µs.
    pub accepted_at: i64,
    /// The event as Polar takes it, JSON.
    pub body: String,
}

/// An event that waits to be sent, or to be counted.
#[derive(Debug, Clone, FromRow)]
pub struct Pending {
    /// Polar's `external_id` of the event.
    pub id: String,
    /// How often it was sent before.
    pub tries: i64,
    /// The event as Polar takes it, JSON.
    pub body: String,
}

/// What became of an event that was sent.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// Polar has it.
    Delivered,
    /// Another try at this instant, µs.
    Retry {
        /// When, µs.
        due_at: i64,
        /// Why this try failed.
        error: String,
    },
    /// Polar will never take it.
    Dead {
        /// Why.
        error: String,
    },
}

/// The loss equation: accepted = delivered + pending + dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct UsageBacklog {
    /// Events that wait.
    pub pending: i64,
    /// Events given up.
    pub dead: i64,
    /// When the oldest that waits was accepted, µs.
    pub oldest: Option<i64>,
}

/// Picked once, before anything changes: a subquery could be run again, and lock and lease more.
macro_rules! claim {
    ($lock:literal) => {
        concat!(
            "WITH picked AS MATERIALIZED (SELECT id FROM usage \
             WHERE state = 'pending' AND due_at <= $1 ORDER BY due_at, accepted_at LIMIT $3",
            $lock,
            ") UPDATE usage SET due_at = $2 WHERE id IN (SELECT id FROM picked) \
             RETURNING id, tries, body"
        )
    };
}

impl Store {
    /// Returns once all the events are durable; many callers share one commit.
    pub async fn record_usage(&self, events: Vec<UsageEvent>) -> Result<(), Error> {
        self.usage.put(events).await.map(drop)
    }

    /// Leases events that are due until `lease_until`, oldest first; a process that dies leaves
    /// them to the next once the lease is over.
    pub async fn usage_claim(
        &self,
        now: i64,
        lease_until: i64,
        limit: i64,
    ) -> Result<Vec<Pending>, Error> {
        let mut tx = self.begin().await?;
        let query = match &tx.0 {
            Open::Sqlite(_) => claim!(""),
            Open::Postgres(_) => claim!(" FOR UPDATE SKIP LOCKED"),
        };
        let pending = within!(tx, |tx| {
            let query = sqlx::query_as(query)
                .bind(now)
                .bind(lease_until)
                .bind(limit);
            query.fetch_all(tx).await
        })?;
        tx.commit().await?;
        Ok(pending)
    }

    /// Writes down what became of leased events.
    pub async fn usage_settle(
        &self,
        verdicts: &[(String, Verdict)],
        now: i64,
    ) -> Result<(), Error> {
        const QUERY: &str = "UPDATE usage SET state = $2, due_at = $3, settled_at = $4, \
             error = $5, tries = tries + 1 WHERE id = $1 AND state = 'pending'";
        let mut tx = self.begin().await?;
        for (id, verdict) in verdicts {
            let (state, due_at, settled_at, error) = match verdict {
                Verdict::Delivered => ("delivered", now, Some(now), None),
                Verdict::Retry { due_at, error } => ("pending", *due_at, None, Some(error)),
                Verdict::Dead { error } => ("dead", now, Some(now), Some(error)),
            };
            within!(tx, |tx| {
                let query = sqlx::query(QUERY).bind(id).bind(state).bind(due_at);
                query
                    .bind(settled_at)
                    .bind(error)
                    .execute(tx)
                    .await
                    .map(drop)
            })?;
        }
        tx.commit().await
    }

    /// Ends every lease, for the only process of a database that just started.
    pub async fn usage_release(&self, now: i64) -> Result<(), Error> {
        const QUERY: &str = "UPDATE usage SET due_at = $1 WHERE state = 'pending' AND due_at > $1";
        write!(&self.engine, |pool| sqlx::query(QUERY)
            .bind(now)
            .execute(pool)
            .await
            .map(drop))?;
        Ok(())
    }

    /// A customer's events Polar's meters may not count yet: those that wait, and those delivered
    /// since `counted_until` (µs).
    pub async fn usage_uncounted(
        &self,
        customer: &str,
        counted_until: i64,
        limit: i64,
    ) -> Result<Vec<String>, Error> {
        const QUERY: &str = "SELECT body FROM usage WHERE customer = $1 AND (state = 'pending' \
             OR (state = 'delivered' AND settled_at > $2)) LIMIT $3";
        let bodies = read!(&self.engine, |pool| {
            let query = sqlx::query_scalar(QUERY)
                .bind(customer)
                .bind(counted_until)
                .bind(limit);
            query.fetch_all(pool).await
        });
        Ok(bodies?)
    }

    /// How much waits and how old it is.
    pub async fn usage_backlog(&self) -> Result<UsageBacklog, Error> {
        const QUERY: &str = "SELECT \
             (SELECT COUNT(*) FROM usage WHERE state = 'pending') AS pending, \
             (SELECT COUNT(*) FROM usage WHERE state = 'dead') AS dead, \
             (SELECT MIN(accepted_at) FROM usage WHERE state = 'pending') AS oldest";
        Ok(read!(&self.engine, |pool| sqlx::query_as(QUERY)
            .fetch_one(pool)
            .await)?)
    }

    /// Events given up, newest first: id, body and why.
    pub async fn usage_dead(&self, limit: i64) -> Result<Vec<(String, String, String)>, Error> {
        const QUERY: &str = "SELECT id, body, COALESCE(error, '') FROM usage \
             WHERE state = 'dead' ORDER BY settled_at DESC LIMIT $1";
        let dead = read!(&self.engine, |pool| {
            sqlx::query_as(QUERY).bind(limit).fetch_all(pool).await
        });
        Ok(dead?)
    }

    /// Has an event that was given up sent again; `false` when there is none of that id.
    pub async fn usage_replay(&self, id: &str, now: i64) -> Result<bool, Error> {
        const QUERY: &str = "UPDATE usage SET state = 'pending', tries = 0, due_at = $2, \
             settled_at = NULL, error = NULL WHERE id = $1 AND state = 'dead'";
        let done = write!(&self.engine, |pool| {
            let done = sqlx::query(QUERY).bind(id).bind(now).execute(pool).await;
            done.map(|done| done.rows_affected())
        });
        Ok(done? == 1)
    }

    /// Forgets events delivered before `before` (µs).
    pub async fn usage_prune(&self, before: i64) -> Result<u64, Error> {
        const QUERY: &str = "DELETE FROM usage WHERE state = 'delivered' AND settled_at < $1";
        let done = write!(&self.engine, |pool| {
            sqlx::query(QUERY)
                .bind(before)
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        });
        Ok(done?)
    }
}

pub(crate) const WRITER: Writer<UsageEvent, bool> = Writer {
    name: "usage",
    size: |event| event.body.len() + event.customer.len(),
    write: |engine, events| Box::pin(insert(engine, events)),
};

async fn insert(engine: &Engine, events: &[UsageEvent]) -> Result<Vec<bool>, Error> {
    let mut tx = engine.begin().await?;
    for some in chunks(events) {
        within!(tx, |tx| {
            let mut query = QueryBuilder::new(
                "INSERT INTO usage (id, customer, accepted_at, state, tries, due_at, body) ",
            );
            query.push_values(some, |mut row, event| {
                row.push_bind(&event.id).push_bind(&event.customer);
                row.push_bind(event.accepted_at).push("'pending'").push("0");
                row.push("0").push_bind(&event.body);
            });
            query.push(" ON CONFLICT (id) DO NOTHING");
            query.build().execute(tx).await.map(drop)
        })?;
    }
    crash::point("usage.inserted");
    tx.commit().await?;
    crash::point("usage.committed");
    Ok(vec![true; events.len()])
}
