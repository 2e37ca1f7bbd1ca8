//! What is due, in order, and what became of it. One sender at a time does this; were there two for
//! a moment, Polar would count what both sent once, and here the first to settle decides.

use futures_util::{Stream, TryStreamExt as _};
use sqlx::{FromRow, QueryBuilder};

use crate::Error;
use crate::batch::chunks;
use crate::engine::{Store, Tx, read, within, write};

/// An event that waits to be sent.
#[derive(Debug, Clone, FromRow)]
pub struct Pending {
    /// Polar's `external_id` of the event.
    pub id: String,
    /// How often it was sent by itself before.
    pub tries: i64,
    /// The event's timestamp, µs.
    pub used_at: i64,
    /// Events that say the same here may go as one.
    pub rollup: Option<String>,
    /// The event as Polar takes it, JSON.
    pub body: String,
}

/// What became of events that were sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Polar has them.
    Delivered,
    /// Another try at this instant, µs.
    Retry {
        /// When, µs.
        due_at: i64,
        /// Why this try failed.
        error: String,
    },
    /// Polar will never take them.
    Dead {
        /// Why.
        error: String,
    },
}

/// Events of which the same became, by id.
#[derive(Debug, Clone, Default)]
pub struct Alike {
    /// Events that were sent as they are.
    pub events: Vec<String>,
    /// Those that were made of several.
    pub bundles: Vec<String>,
}

/// Customers one look may put first.
pub const FIRST_MAX: usize = 100;

impl Store {
    /// Events that are due, oldest first; no more than about so many bytes of them.
    pub async fn usage_due(
        &self,
        now: i64,
        limit: i64,
        bytes_max: usize,
    ) -> Result<Vec<Pending>, Error> {
        const QUERY: &str = "SELECT id, tries, used_at, rollup, body FROM usage \
             WHERE state = 'pending' AND bundle IS NULL AND due_at <= $1 \
             ORDER BY due_at, accepted_at LIMIT $2";
        let due = read!(&self.engine, |pool| {
            let query = sqlx::query_as(QUERY).bind(now).bind(limit);
            up_to(bytes_max, query.fetch(pool)).await
        });
        Ok(due?)
    }

    /// The same of some customers alone, also what would rather wait: only what failed before is
    /// given its time.
    pub async fn usage_due_of(
        &self,
        customers: &[String],
        now: i64,
        limit: i64,
        bytes_max: usize,
    ) -> Result<Vec<Pending>, Error> {
        let due = read!(&self.engine, |pool| {
            let mut query = QueryBuilder::new(
                "SELECT id, tries, used_at, rollup, body FROM usage \
                 WHERE state = 'pending' AND bundle IS NULL AND (tries = 0 OR due_at <= ",
            );
            query.push_bind(now).push(") AND customer");
            push_ids(&mut query, customers);
            query.push(" ORDER BY accepted_at LIMIT ").push_bind(limit);
            up_to(bytes_max, query.build_query_as().fetch(pool)).await
        });
        Ok(due?)
    }

    /// Customers with events that wait, from one on: a part of them, in order.
    pub async fn usage_customers(&self, after: &str, limit: i64) -> Result<Vec<String>, Error> {
        // From each to the next: what lies between them may be millions of events.
        const QUERY: &str = "WITH RECURSIVE named (customer, number) AS ( \
             SELECT (SELECT MIN(customer) FROM usage WHERE state = 'pending' AND customer > $1), 1 \
             UNION ALL SELECT (SELECT MIN(usage.customer) FROM usage WHERE state = 'pending' \
             AND usage.customer > named.customer), named.number + 1 FROM named \
             WHERE named.customer IS NOT NULL AND named.number < $2) \
             SELECT customer FROM named WHERE customer IS NOT NULL";
        let customers = read!(&self.engine, |pool| {
            let query = sqlx::query_scalar(QUERY).bind(after).bind(limit);
            query.fetch_all(pool).await
        });
        Ok(customers?)
    }

    /// Lets events go that wait for a customer who has appeared.
    pub async fn usage_let_go(&self, now: i64) -> Result<u64, Error> {
        const QUERY: &str = "UPDATE usage SET due_at = $1 WHERE state = 'pending' \
             AND bundle IS NULL AND due_at > $1 AND tries = 0 AND rollup IS NULL \
             AND EXISTS (SELECT 1 FROM mirror WHERE mirror.external_id = usage.customer \
             AND mirror.kind = 'customer')";
        let done = write!(&self.engine, |pool| {
            let done = sqlx::query(QUERY).bind(now).execute(pool).await;
            done.map(|done| done.rows_affected())
        });
        Ok(done?)
    }

    /// Writes down what became of events that were sent at `now`, and of which Polar had said so at
    /// `answered_at` (µs). Of those Polar took it had `duplicates` before.
    pub async fn usage_settle(
        &self,
        settled: &[(Verdict, Alike)],
        duplicates: u64,
        now: i64,
        answered_at: i64,
    ) -> Result<(), Error> {
        let times = (now, answered_at);
        let mut tx = self.begin().await?;
        let mut delivered = 0;
        for (verdict, alike) in settled {
            let mut done = 0;
            for some in chunks(&alike.events) {
                done += tx.settle_by("id", some, verdict, times).await?;
            }
            for some in chunks(&alike.bundles) {
                done += tx.settle_by("bundle", some, verdict, times).await?;
                tx.settle_bundles(some, verdict).await?;
            }
            if *verdict == Verdict::Delivered {
                delivered += done;
            }
        }
        if duplicates > 0 {
            tx.usage_count("duplicates", duplicates).await?;
        }
        tx.usage_count("delivered", delivered).await?;
        tx.commit().await
    }
}

/// The first rows, as far as they fit.
async fn up_to<E>(
    bytes_max: usize,
    mut rows: impl Stream<Item = Result<Pending, E>> + Unpin,
) -> Result<Vec<Pending>, E> {
    let (mut all, mut bytes) = (Vec::new(), 0);
    while bytes < bytes_max
        && let Some(row) = rows.try_next().await?
    {
        bytes += row.body.len();
        all.push(row);
    }
    Ok(all)
}

/// ` IN (…)` of these ids; chunks of them keep the number of texts small.
pub(super) fn push_ids<DB: sqlx::Database>(query: &mut QueryBuilder<DB>, ids: &[String])
where
    String: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
{
    query.push(" IN (");
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(id.clone());
    }
    query.push(")");
}

impl Tx {
    /// Settles events by their own id, or that of the bundle they went in; says how many.
    async fn settle_by(
        &mut self,
        column: &str,
        ids: &[String],
        verdict: &Verdict,
        (now, answered_at): (i64, i64),
    ) -> Result<u64, Error> {
        let (state, settled_at, due_at, error) = match verdict {
            Verdict::Delivered => ("delivered", Some(now), now, None),
            Verdict::Retry { due_at, error } => ("pending", None, *due_at, Some(error)),
            Verdict::Dead { error } => ("dead", Some(now), now, Some(error)),
        };
        let done = within!(self, |tx| {
            let mut query = QueryBuilder::new("UPDATE usage SET tries = tries + 1, state = ");
            query.push_bind(state).push(", settled_at = ");
            query.push_bind(settled_at).push(", answered_at = ");
            query.push_bind(answered_at).push(", due_at = ");
            query.push_bind(due_at).push(", error = ").push_bind(error);
            query.push(" WHERE state = 'pending' AND ").push(column);
            push_ids(&mut query, ids);
            let done = query.build().execute(tx).await;
            done.map(|done| done.rows_affected())
        });
        Ok(done?)
    }

    async fn settle_bundles(&mut self, ids: &[String], verdict: &Verdict) -> Result<(), Error> {
        within!(self, |tx| {
            let mut query = QueryBuilder::new("");
            if let Verdict::Retry { due_at, .. } = verdict {
                query.push("UPDATE usage_bundle SET tries = tries + 1, due_at = ");
                query.push_bind(*due_at);
            } else {
                query.push("DELETE FROM usage_bundle");
            }
            query.push(" WHERE id");
            push_ids(&mut query, ids);
            query.build().execute(tx).await.map(drop)
        })?;
        Ok(())
    }
}
