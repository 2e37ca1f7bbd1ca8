//! A clock that stepped back: what waits for a time waits for what was meant, not for the step too.

use crate::Error;
use crate::engine::{Store, within};

/// Longest that work is leased, µs. What is due later than that was written by a clock that was
/// ahead.
const WAIT_MAX: i64 = 6 * 60 * 1_000_000;

/// Waits that somebody else's lease does not depend on are shortened by the step; another node that
/// noticed the same step shortens them again, and they are tried sooner.
const SHORTENED: [&str; 6] = [
    "UPDATE delivery SET due_at = due_at - $2 WHERE status = 'pending' AND lease IS NULL \
     AND due_at > $1",
    "UPDATE subscriber SET rest_until = rest_until - $2 WHERE rest_until > $1",
    "UPDATE doubt SET due_at = due_at - $2 WHERE due_at > $1",
    "UPDATE inbox SET due_at = due_at - $2 WHERE status = 'pending' AND due_at > $1",
    "UPDATE usage SET due_at = due_at - $2 WHERE state = 'pending' AND due_at > $1",
    "UPDATE usage_bundle SET due_at = due_at - $2 WHERE due_at > $1",
];

/// Leases are ended when they last longer than any does: their holders may be alive.
const ENDED: [&str; 2] = [
    "UPDATE delivery SET due_at = $1 WHERE status = 'pending' AND lease IS NOT NULL \
     AND due_at > $1 + $2",
    "UPDATE lease SET until = $1 WHERE until > $1 + $2",
];

/// Whoever holds a request renews that every few seconds; one who is dead does not for ever.
const HELD: &str = "UPDATE idempotency SET held_until = $1 + 10000000 \
     WHERE status IS NULL AND held_until > $1 + 10000000";

impl Store {
    /// The clock now says `now` (µs), `by` µs less than it should.
    pub async fn clock_went_back(&self, now: i64, by: i64) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        let shortened = SHORTENED.into_iter().map(|query| (query, by));
        let ended = ENDED.into_iter().map(|query| (query, WAIT_MAX));
        for (query, span) in shortened.chain(ended) {
            within!(tx, |tx| sqlx::query(query)
                .bind(now)
                .bind(span)
                .execute(tx)
                .await
                .map(drop))?;
        }
        within!(tx, |tx| sqlx::query(HELD)
            .bind(now)
            .execute(tx)
            .await
            .map(drop))?;
        tx.commit().await
    }
}
