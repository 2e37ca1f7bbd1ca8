//! The usage spool: events are durable here before anyone is told so, and stay until Polar has them.

mod bundle;
mod customer;
mod letter;
mod queue;
mod total;

use sqlx::QueryBuilder;

use crate::batch::{Writer, chunks};
use crate::engine::{Engine, Store, Tx, read, within, write};
use crate::{Error, crash};

pub use bundle::Bundle;
pub use letter::DeadUse;
pub use queue::{Alike, FIRST_MAX, Pending, Verdict};
pub use total::UsageBacklog;

/// A usage event as accepted.
#[derive(Debug, Clone)]
pub struct UsageEvent {
    /// Minted at acceptance; Polar's `external_id`, so that sending twice counts once.
    pub id: String,
    /// The customer's external id, or Polar's own where that is not known.
    pub customer: String,
    /// When it was accepted, µs.
    pub accepted_at: i64,
    /// When it may be sent, µs: at once, unless it is better to wait.
    pub due_at: i64,
    /// The event's timestamp, µs.
    pub used_at: i64,
    /// Events that say the same here may go as one.
    pub rollup: Option<String>,
    /// The event as Polar takes it, JSON.
    pub body: String,
}

impl Store {
    /// Returns once all the events are durable; many callers share one commit.
    pub async fn record_usage(&self, events: Vec<UsageEvent>) -> Result<(), Error> {
        self.usage.put(events).await.map(drop)
    }

    /// A customer's events Polar's meters may not count yet: those that wait, and those delivered
    /// since `counted_until` (µs).
    pub async fn usage_uncounted(
        &self,
        customer: &str,
        counted_until: i64,
        limit: i64,
    ) -> Result<Vec<String>, Error> {
        const QUERY: &str = "SELECT body FROM usage WHERE customer = $1 AND state = 'pending' \
             UNION ALL SELECT body FROM usage WHERE customer = $1 AND state = 'delivered' \
             AND settled_at > $2 LIMIT $3";
        let bodies = read!(&self.engine, |pool| {
            let query = sqlx::query_scalar(QUERY)
                .bind(customer)
                .bind(counted_until)
                .bind(limit);
            query.fetch_all(pool).await
        });
        Ok(bodies?)
    }

    /// Forgets events delivered before `before` (µs); the totals still know them.
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

impl Tx {
    /// Accepts events in the transaction of what causes them. Last in it, because the totals are
    /// one row that everybody writes.
    pub async fn record_usage(&mut self, events: &[UsageEvent]) -> Result<(), Error> {
        let mut accepted = 0;
        for some in chunks(events) {
            accepted += self.insert_usage(some).await?;
        }
        self.usage_count("accepted", accepted).await
    }

    /// Says how many of them are new.
    async fn insert_usage(&mut self, events: &[UsageEvent]) -> Result<u64, Error> {
        let done = within!(self, |tx| {
            let mut query = QueryBuilder::new(
                "INSERT INTO usage (id, customer, accepted_at, state, tries, due_at, used_at, \
                 rollup, body) ",
            );
            query.push_values(events, |mut row, event| {
                row.push_bind(&event.id).push_bind(&event.customer);
                row.push_bind(event.accepted_at).push("'pending'").push("0");
                row.push_bind(event.due_at).push_bind(event.used_at);
                row.push_bind(&event.rollup).push_bind(&event.body);
            });
            query.push(" ON CONFLICT (id) DO NOTHING");
            let done = query.build().execute(tx).await;
            done.map(|done| done.rows_affected())
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
    tx.record_usage(events).await?;
    crash::point("usage.inserted");
    tx.commit().await?;
    crash::point("usage.committed");
    Ok(vec![true; events.len()])
}
