//! The inbox: every webhook that came, once, and what became of it.

use bytes::Bytes;
use sqlx::{FromRow, QueryBuilder};
use std::collections::HashSet;

use crate::Error;
use crate::batch::chunks;
use crate::engine::{Open, Store, Tx, read, within, write};
use crate::intake::Mail;

/// A delivery that was looked into, on its way from the intake into the inbox.
#[derive(Debug, Clone)]
pub struct Arrival<'a> {
    /// The delivery.
    pub mail: &'a Mail,
    /// The event's type, empty when the body does not say.
    pub kind: &'a str,
    /// Polar's id of the customer it is about, empty when about nobody in particular.
    pub customer: &'a str,
    /// What becomes of it.
    pub fate: Fate<'a>,
}

/// What becomes of a delivery as it enters the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate<'a> {
    /// It is projected in the same transaction.
    Done,
    /// It is to be projected later.
    Pending,
    /// It is a dead letter, for this reason.
    Dead(&'a str),
}

/// A delivery that waits to be projected.
#[derive(Debug, Clone, FromRow)]
pub struct Waiting {
    /// Polar's id of the delivery.
    pub webhook_id: String,
    /// When it came, µs.
    pub received_at: i64,
    /// Polar's id of the customer it is about.
    pub customer: String,
    /// How often it was tried before.
    pub tries: i64,
    /// The exact bytes that were signed.
    #[sqlx(try_from = "Vec<u8>")]
    pub body: Bytes,
}

/// A delivery as lists show it.
#[derive(Debug, Clone, FromRow)]
pub struct Listed {
    /// Polar's id of the delivery.
    pub webhook_id: String,
    /// When it came, µs.
    pub received_at: i64,
    /// The event's type.
    pub kind: String,
    /// Polar's id of the customer it is about.
    pub customer: String,
    /// `pending`, `done` or `dead`.
    pub status: String,
    /// Which secret and key scheme verified it.
    pub verified_by: String,
    /// How often it was tried in vain.
    pub tries: i64,
    /// When it was projected or given up, µs.
    pub settled_at: Option<i64>,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// How far behind the projection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Backlog {
    /// Deliveries that wait.
    pub pending: i64,
    /// Deliveries given up.
    pub dead: i64,
    /// When the oldest that waits came, µs.
    pub oldest: Option<i64>,
}

impl Store {
    /// How much waits and how old it is.
    pub async fn inbox_backlog(&self) -> Result<Backlog, Error> {
        const QUERY: &str = "SELECT (SELECT COUNT(*) FROM intake) \
             + (SELECT COUNT(*) FROM inbox WHERE status = 'pending') AS pending, \
             (SELECT COUNT(*) FROM inbox WHERE status = 'dead') AS dead, \
             (SELECT MIN(received_at) FROM (SELECT MIN(received_at) AS received_at FROM intake \
             UNION ALL SELECT MIN(received_at) FROM inbox WHERE status = 'pending') AS waiting) \
             AS oldest";
        let mut backlog: Backlog = read!(&self.engine, |pool| {
            sqlx::query_as(QUERY).fetch_one(pool).await
        })?;
        let unread = self.intake_unread().await?;
        backlog.pending += unread.count;
        backlog.oldest = backlog.oldest.into_iter().chain(unread.oldest).min();
        Ok(backlog)
    }

    /// The newest deliveries of a status, older than `before` (µs).
    pub async fn inbox_list(
        &self,
        status: &str,
        before: i64,
        limit: i64,
    ) -> Result<Vec<Listed>, Error> {
        const QUERY: &str = "SELECT webhook_id, received_at, kind, customer, status, \
             verified_by, tries, settled_at, error FROM inbox WHERE status = $1 AND received_at < $2 \
             ORDER BY received_at DESC LIMIT $3";
        let listed = read!(&self.engine, |pool| {
            sqlx::query_as(QUERY)
                .bind(status)
                .bind(before)
                .bind(limit)
                .fetch_all(pool)
                .await
        });
        Ok(listed?)
    }

    /// The body of one delivery.
    pub async fn inbox_body(&self, webhook_id: &str) -> Result<Option<Vec<u8>>, Error> {
        const QUERY: &str = "SELECT body FROM inbox WHERE webhook_id = $1";
        let body = read!(&self.engine, |pool| {
            sqlx::query_scalar(QUERY)
                .bind(webhook_id)
                .fetch_optional(pool)
                .await
        });
        Ok(body?)
    }

    /// Has one delivery projected again; `false` when there is none of that id.
    pub async fn inbox_replay(&self, webhook_id: &str, now: i64) -> Result<bool, Error> {
        const QUERY: &str = "UPDATE inbox SET status = 'pending', tries = 0, due_at = $2, \
             settled_at = NULL, error = NULL WHERE webhook_id = $1";
        let done = write!(&self.engine, |pool| {
            let done = sqlx::query(QUERY)
                .bind(webhook_id)
                .bind(now)
                .execute(pool)
                .await;
            done.map(|done| done.rows_affected())
        });
        Ok(done? == 1)
    }

    /// Forgets projected deliveries received before `before` (µs); dead ones stay until replayed,
    /// and bytes as long as the outbox speaks of them.
    pub async fn inbox_prune(&self, before: i64) -> Result<u64, Error> {
        const QUERY: &str = "DELETE FROM inbox WHERE status = 'done' AND received_at < $1 \
             AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.id = inbox.webhook_id)";
        let done = write!(&self.engine, |pool| {
            sqlx::query(QUERY)
                .bind(before)
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        });
        Ok(done?)
    }

    /// Settles one delivery that failed: another try at `due_at`, or given up when that is `None`.
    pub async fn inbox_fail(
        &self,
        webhook_id: &str,
        error: &str,
        due_at: Option<i64>,
        now: i64,
    ) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        tx.inbox_fail(webhook_id, error, due_at, now).await?;
        tx.commit().await
    }
}

/// Only failed rows can hold others back, and few have failed: the subquery reads a tiny index.
macro_rules! next {
    () => {
        "SELECT webhook_id, received_at, customer, tries, body FROM inbox \
         WHERE status = 'pending' AND due_at <= $1 AND (customer = '' OR NOT EXISTS (\
         SELECT 1 FROM inbox AS held WHERE held.customer = inbox.customer \
         AND held.status = 'pending' AND held.tries > 0 AND held.due_at > $1 \
         AND held.received_at < inbox.received_at)) \
         ORDER BY received_at LIMIT $2"
    };
}

impl Tx {
    /// Takes deliveries into the inbox, each id once; says which ids are in it for the first time.
    pub async fn inbox_add(
        &mut self,
        arrivals: &[Arrival<'_>],
        now: i64,
    ) -> Result<HashSet<String>, Error> {
        let mut fresh = HashSet::new();
        for some in chunks(arrivals) {
            let added: Vec<String> = within!(self, |tx| {
                let mut query = QueryBuilder::new(
                    "INSERT INTO inbox (webhook_id, received_at, sent_at, kind, customer, status, \
                     tries, due_at, settled_at, error, verified_by, headers, body) ",
                );
                query.push_values(some, |mut row, arrival| {
                    let (status, tries, error) = match arrival.fate {
                        Fate::Done => ("done", 0_i64, None),
                        Fate::Pending => ("pending", 0, None),
                        Fate::Dead(reason) => ("dead", 1, Some(reason)),
                    };
                    let settled_at = (arrival.fate != Fate::Pending).then_some(now);
                    let mail = arrival.mail;
                    row.push_bind(&mail.webhook_id).push_bind(mail.received_at);
                    row.push_bind(mail.sent_at).push_bind(arrival.kind);
                    row.push_bind(arrival.customer).push_bind(status);
                    row.push_bind(tries).push("0").push_bind(settled_at);
                    row.push_bind(error).push_bind(&mail.verified_by);
                    row.push_bind(&mail.headers).push_bind(mail.body.as_ref());
                });
                query.push(" ON CONFLICT (webhook_id) DO NOTHING RETURNING webhook_id");
                query.build_query_scalar().fetch_all(tx).await
            })?;
            fresh.extend(added);
        }
        Ok(fresh)
    }

    /// Customers of whom a delivery failed and waits for another try.
    pub async fn inbox_held(&mut self) -> Result<HashSet<String>, Error> {
        const QUERY: &str = "SELECT DISTINCT customer FROM inbox \
             WHERE status = 'pending' AND tries > 0 AND customer <> ''";
        let held = within!(self, |tx| sqlx::query_scalar(QUERY).fetch_all(tx).await);
        let held: Vec<String> = held?;
        Ok(held.into_iter().collect())
    }

    /// The next deliveries in order of arrival, locked for this transaction on a shared database.
    ///
    /// A delivery that failed and waits holds back the later ones of its customer, no others.
    pub async fn inbox_next(&mut self, now: i64, limit: i64) -> Result<Vec<Waiting>, Error> {
        let query = match &self.0 {
            Open::Sqlite(_) => next!(),
            Open::Postgres(_) => concat!(next!(), " FOR UPDATE OF inbox SKIP LOCKED"),
        };
        let waiting = within!(self, |tx| {
            sqlx::query_as(query)
                .bind(now)
                .bind(limit)
                .fetch_all(tx)
                .await
        });
        Ok(waiting?)
    }

    /// Marks deliveries as projected.
    pub async fn inbox_done(&mut self, webhook_ids: &[&str], now: i64) -> Result<(), Error> {
        for some in chunks(webhook_ids) {
            within!(self, |tx| {
                let mut query =
                    QueryBuilder::new("UPDATE inbox SET status = 'done', settled_at = ");
                query.push_bind(now);
                query.push(", error = NULL WHERE webhook_id IN (");
                let mut ids = query.separated(", ");
                for id in some {
                    ids.push_bind(*id);
                }
                query.push(")");
                query.build().execute(tx).await.map(drop)
            })?;
        }
        Ok(())
    }

    /// Settles a delivery that failed: another try at `due_at`, or given up when that is `None`.
    pub async fn inbox_fail(
        &mut self,
        webhook_id: &str,
        error: &str,
        due_at: Option<i64>,
        now: i64,
    ) -> Result<(), Error> {
        const QUERY: &str = "UPDATE inbox SET status = $2, tries = tries + 1, due_at = $3, \
             settled_at = $4, error = $5 WHERE webhook_id = $1";
        let (status, settled_at) = match due_at {
            Some(_) => ("pending", None),
            None => ("dead", Some(now)),
        };
        within!(self, |tx| {
            let query = sqlx::query(QUERY).bind(webhook_id).bind(status);
            let query = query
                .bind(due_at.unwrap_or(now))
                .bind(settled_at)
                .bind(error);
            query.execute(tx).await.map(drop)
        })?;
        Ok(())
    }
}
