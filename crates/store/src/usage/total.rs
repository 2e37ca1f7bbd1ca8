//! The loss equation: accepted = delivered + pending + dead, whenever it is looked at.

use sqlx::FromRow;

use crate::Error;
use crate::engine::{Store, Tx, read, within};

/// Where all usage is that was ever accepted: accepted = delivered + pending + dead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow)]
pub struct UsageBacklog {
    /// Events ever accepted, each id once.
    pub accepted: i64,
    /// Of those: Polar has them.
    pub delivered: i64,
    /// Of those: they wait.
    pub pending: i64,
    /// Of those: given up.
    pub dead: i64,
    /// Of the delivered: Polar said that it had them before.
    pub duplicates: i64,
    /// Of the accepted: they went, or go, as part of another event.
    pub rolled_up: i64,
    /// Of those that wait: they are not due yet.
    pub later: i64,
    /// When the oldest that waits was accepted, µs.
    pub oldest: Option<i64>,
}

impl Store {
    /// Where all usage is, as of one moment.
    pub async fn usage_backlog(&self, now: i64) -> Result<UsageBacklog, Error> {
        // One statement sees one moment. Rows are counted, the rest is written with every change.
        const QUERY: &str = "SELECT accepted, delivered, duplicates, rolled_up, \
             (SELECT COUNT(*) FROM usage WHERE state = 'pending') AS pending, \
             (SELECT COUNT(*) FROM usage WHERE state = 'dead') AS dead, \
             (SELECT COUNT(*) FROM usage WHERE state = 'pending' AND bundle IS NULL \
             AND due_at > $1) AS later, \
             (SELECT MIN(accepted_at) FROM usage WHERE state = 'pending') AS oldest \
             FROM usage_total WHERE id = 1";
        Ok(read!(&self.engine, |pool| sqlx::query_as(QUERY)
            .bind(now)
            .fetch_one(pool)
            .await)?)
    }
}

impl Tx {
    /// Adds to a total.
    pub(super) async fn usage_count(&mut self, total: &str, events: u64) -> Result<(), Error> {
        let query = match total {
            "accepted" => "UPDATE usage_total SET accepted = accepted + $1 WHERE id = 1",
            "delivered" => "UPDATE usage_total SET delivered = delivered + $1 WHERE id = 1",
            "duplicates" => "UPDATE usage_total SET duplicates = duplicates + $1 WHERE id = 1",
            _ => "UPDATE usage_total SET rolled_up = rolled_up + $1 WHERE id = 1",
        };
        let events = i64::try_from(events).unwrap_or(i64::MAX);
        within!(self, |tx| sqlx::query(query)
            .bind(events)
            .execute(tx)
            .await
            .map(drop))?;
        Ok(())
    }
}
