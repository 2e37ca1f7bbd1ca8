//! Deliveries: one thing to be told to one subscriber, leased by whoever tells it.
//!
//! Of one customer's, a subscriber gets the next only when the one before is settled. A position
//! is never given out below one that was given out before, so that "nothing earlier waits" stays
//! true once it is.

use sqlx::{FromRow, QueryBuilder};

use crate::Error;
use crate::engine::{Open, Store, Tx, read, within, write};

/// A delivery somebody leased.
#[derive(Debug, Clone, FromRow)]
pub struct Leased {
    /// What is told.
    pub event: String,
    /// Its type.
    pub kind: String,
    /// Its place in the line.
    pub position: i64,
    /// Polar's id of the customer it is about.
    pub customer: String,
    /// Tries begun, this one included.
    pub tries: i64,
    /// When it was put in line, µs.
    pub queued_at: i64,
    /// When the first try began, µs.
    pub tried_at: i64,
    /// The bytes; none when they are gone.
    pub body: Option<Vec<u8>>,
}

/// What somebody wants to lease.
#[derive(Debug, Clone, Copy)]
pub struct Lease<'a> {
    /// Whose deliveries.
    pub subscriber: &'a str,
    /// Names the lease.
    pub lease: &'a str,
    /// µs.
    pub now: i64,
    /// When somebody else may take them, µs.
    pub until: i64,
    /// At most so many.
    pub limit: i64,
    /// Also those that are not due yet.
    pub early: bool,
}

/// What became of a leased delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It was taken.
    Done,
    /// Another try at this instant, µs.
    Again {
        /// When, µs.
        due_at: i64,
        /// Why this try failed.
        error: String,
    },
    /// Given up.
    Dead {
        /// Why.
        error: String,
    },
}

/// What became of one try.
#[derive(Debug, Clone, FromRow)]
pub struct Attempt {
    /// Who was told.
    pub subscriber: String,
    /// What.
    pub event: String,
    /// When, µs.
    pub began_at: i64,
    /// The status of the answer, where there was one.
    pub status: Option<i64>,
    /// How long it took, µs.
    pub latency_us: i64,
    /// Why it failed.
    pub error: Option<String>,
    /// How the answer begins.
    pub response: Option<String>,
}

/// Picked once, before anything changes: a subquery could be run again and pick more.
///
/// Whoever waits behind one that is leased, or not due yet, is passed over in one go: a customer in
/// trouble with thousands of events must not have each of them looked behind.
macro_rules! claim {
    ($line:literal, $lock:literal) => {
        concat!(
            "WITH picked AS MATERIALIZED (SELECT d.event FROM delivery AS d \
             WHERE d.subscriber = $1 AND d.status = 'pending' \
             AND (d.due_at <= $2 OR ($6 AND d.lease IS NULL)) \
             AND (d.customer = '' OR (d.customer NOT IN (SELECT customer FROM delivery \
             WHERE subscriber = $1 AND status = 'pending' \
             AND NOT (due_at <= $2 OR ($6 AND lease IS NULL))) \
             AND NOT EXISTS (SELECT 1 FROM delivery AS e",
            $line,
            " WHERE e.subscriber = $1 AND e.customer = d.customer AND e.status = 'pending' \
             AND e.position < d.position))) ORDER BY d.position LIMIT $5",
            $lock,
            ") UPDATE delivery SET lease = $3, due_at = $4, tries = tries + 1, \
             tried_at = COALESCE(tried_at, $2) WHERE subscriber = $1 \
             AND event IN (SELECT event FROM picked) \
             RETURNING event, kind, position, customer, tries, queued_at, tried_at, \
             (SELECT COALESCE(outbox.body, inbox.body) FROM outbox LEFT JOIN inbox \
             ON inbox.webhook_id = outbox.id AND outbox.body IS NULL \
             WHERE outbox.id = delivery.event) AS body"
        )
    };
}

impl Tx {
    /// Leases deliveries, in order.
    pub async fn claim(&mut self, claim: &Lease<'_>) -> Result<Vec<Leased>, Error> {
        let query = match &self.0 {
            // Left alone, it would walk through all that waits, of whichever customer.
            Open::Sqlite(_) => claim!(" INDEXED BY delivery_line", ""),
            Open::Postgres(_) => claim!("", " FOR UPDATE OF d SKIP LOCKED"),
        };
        let mut leased: Vec<Leased> = within!(self, |tx| {
            let query = sqlx::query_as(query).bind(claim.subscriber).bind(claim.now);
            let query = query.bind(claim.lease).bind(claim.until);
            query
                .bind(claim.limit)
                .bind(claim.early)
                .fetch_all(tx)
                .await
        })?;
        leased.sort_by_key(|one| one.position);
        Ok(leased)
    }

    /// How many of a subscriber's deliveries somebody is at.
    pub async fn in_flight(&mut self, subscriber: &str, now: i64) -> Result<i64, Error> {
        const QUERY: &str = "SELECT COUNT(*) FROM delivery WHERE subscriber = $1 \
             AND status = 'pending' AND lease IS NOT NULL AND due_at > $2";
        let count = within!(self, |tx| sqlx::query_scalar(QUERY)
            .bind(subscriber)
            .bind(now)
            .fetch_one(tx)
            .await);
        Ok(count?)
    }

    /// Settles a leased delivery; `false` when the lease is lost, and whoever has it now decides.
    pub async fn settle(
        &mut self,
        (subscriber, event, lease): (&str, &str, &str),
        settled: &Settled,
        now: i64,
    ) -> Result<bool, Error> {
        const QUERY: &str = "UPDATE delivery SET status = $4, due_at = $5, settled_at = $6, \
             error = $7, lease = NULL \
             WHERE subscriber = $1 AND event = $2 AND lease = $3 AND status = 'pending'";
        let (status, due_at, settled_at, error) = match settled {
            Settled::Done => ("done", now, Some(now), None),
            Settled::Again { due_at, error } => ("pending", *due_at, None, Some(error)),
            Settled::Dead { error } => ("dead", now, Some(now), Some(error)),
        };
        let done = within!(self, |tx| {
            let query = sqlx::query(QUERY).bind(subscriber).bind(event).bind(lease);
            let query = query.bind(status).bind(due_at).bind(settled_at).bind(error);
            query.execute(tx).await.map(|done| done.rows_affected())
        });
        Ok(done? == 1)
    }

    /// Makes due at once what waits for another try.
    pub async fn hasten(&mut self, subscriber: &str, now: i64) -> Result<(), Error> {
        const QUERY: &str = "UPDATE delivery SET due_at = $2 WHERE subscriber = $1 \
             AND status = 'pending' AND lease IS NULL AND due_at > $2";
        within!(self, |tx| sqlx::query(QUERY)
            .bind(subscriber)
            .bind(now)
            .execute(tx)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Notes what became of one try.
    pub async fn log_attempt(&mut self, attempt: &Attempt) -> Result<(), Error> {
        const QUERY: &str = "INSERT INTO attempt \
             (subscriber, event, began_at, status, latency_us, error, response) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)";
        within!(self, |tx| {
            let query = sqlx::query(QUERY)
                .bind(&attempt.subscriber)
                .bind(&attempt.event);
            let query = query.bind(attempt.began_at).bind(attempt.status);
            let query = query.bind(attempt.latency_us).bind(&attempt.error);
            query.bind(&attempt.response).execute(tx).await.map(drop)
        })?;
        Ok(())
    }

    /// Puts events at the end of a subscriber's line, in this order, whether they were told before
    /// or not; those that wait in it already stay where they are. Says how many were put there.
    pub async fn requeue(
        &mut self,
        subscriber: &str,
        events: &[String],
        now: i64,
    ) -> Result<u64, Error> {
        const QUERY: &str = "INSERT INTO delivery (subscriber, event, position, customer, kind, \
             status, queued_at, tries, due_at) \
             SELECT $1, id, $3, customer, kind, 'pending', $4, 0, 0 FROM outbox WHERE id = $2 \
             AND (body IS NOT NULL OR EXISTS (SELECT 1 FROM inbox WHERE webhook_id = outbox.id)) \
             ON CONFLICT (subscriber, event) DO UPDATE SET position = excluded.position, \
             status = 'pending', queued_at = excluded.queued_at, tries = 0, tried_at = NULL, \
             due_at = 0, lease = NULL, settled_at = NULL, error = NULL \
             WHERE delivery.status <> 'pending'";
        if events.is_empty() {
            return Ok(0);
        }
        let mut position = self.positions(events.len()).await?;
        let mut queued = 0;
        for event in events {
            queued += within!(self, |tx| {
                let query = sqlx::query(QUERY).bind(subscriber).bind(event);
                let query = query.bind(position).bind(now).execute(tx).await;
                query.map(|done| done.rows_affected())
            })?;
            position += 1;
        }
        Ok(queued)
    }
}

impl Store {
    /// Subscribers that have something due, or of which `failures` in a row call for a probe.
    pub async fn subscribers_due(&self, now: i64, failures: i64) -> Result<Vec<String>, Error> {
        const QUERY: &str = "SELECT id FROM subscriber WHERE enabled AND rest_until <= $1 \
             AND EXISTS (SELECT 1 FROM delivery AS d WHERE d.subscriber = subscriber.id \
             AND d.status = 'pending' AND (d.due_at <= $1 OR (subscriber.failures >= $2 \
             AND d.lease IS NULL))) ORDER BY id";
        let ids = read!(&self.engine, |pool| sqlx::query_scalar(QUERY)
            .bind(now)
            .bind(failures)
            .fetch_all(pool)
            .await);
        Ok(ids?)
    }

    /// What became of the tries of these events, newest first.
    pub async fn attempts(
        &self,
        subscriber: &str,
        events: &[String],
        limit: i64,
    ) -> Result<Vec<Attempt>, Error> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let attempts = read!(&self.engine, |pool| {
            let mut query = QueryBuilder::new(
                "SELECT subscriber, event, began_at, status, latency_us, error, response \
                 FROM attempt WHERE subscriber = ",
            );
            query.push_bind(subscriber).push(" AND event IN (");
            let mut list = query.separated(", ");
            for event in events {
                list.push_bind(event);
            }
            query
                .push(") ORDER BY began_at DESC LIMIT ")
                .push_bind(limit);
            query.build_query_as().fetch_all(pool).await
        });
        Ok(attempts?)
    }

    /// Ends every lease, for the only process of a database that just started.
    pub async fn deliveries_release(&self, now: i64) -> Result<(), Error> {
        const QUERY: &str = "UPDATE delivery SET lease = NULL, due_at = $1 \
             WHERE status = 'pending' AND lease IS NOT NULL";
        write!(&self.engine, |pool| sqlx::query(QUERY)
            .bind(now)
            .execute(pool)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Gives up what was put in line before `before` (µs) and nobody is at; says how many.
    pub async fn deliveries_expire(
        &self,
        before: i64,
        error: &str,
        now: i64,
    ) -> Result<u64, Error> {
        const QUERY: &str = "UPDATE delivery SET status = 'dead', settled_at = $3, error = $2, \
             lease = NULL WHERE status = 'pending' AND queued_at < $1 \
             AND (lease IS NULL OR due_at <= $3)";
        let done = write!(&self.engine, |pool| sqlx::query(QUERY)
            .bind(before)
            .bind(error)
            .bind(now)
            .execute(pool)
            .await
            .map(|done| done.rows_affected()));
        Ok(done?)
    }

    /// Forgets deliveries settled before `settled` and tries begun before `began` (µs), and all of
    /// subscribers that are no more.
    pub async fn deliveries_prune(&self, settled: i64, began: i64) -> Result<(), Error> {
        const AGED: [&str; 2] = [
            "DELETE FROM delivery WHERE status <> 'pending' AND settled_at < $1",
            "DELETE FROM attempt WHERE began_at < $1",
        ];
        const ORPHANED: [&str; 2] = [
            "DELETE FROM delivery WHERE subscriber NOT IN (SELECT id FROM subscriber)",
            "DELETE FROM attempt WHERE subscriber NOT IN (SELECT id FROM subscriber)",
        ];
        for (query, before) in AGED.into_iter().zip([settled, began]) {
            write!(&self.engine, |pool| sqlx::query(query)
                .bind(before)
                .execute(pool)
                .await
                .map(drop))?;
        }
        for query in ORPHANED {
            write!(&self.engine, |pool| sqlx::query(query)
                .execute(pool)
                .await
                .map(drop))?;
        }
        Ok(())
    }
}
