//! What lists, figures and replays see of deliveries.

use sqlx::FromRow;

use crate::Error;
use crate::engine::{Store, read};

/// A delivery as lists show it.
#[derive(Debug, Clone, FromRow)]
pub struct Delivery {
    /// Who is told.
    pub subscriber: String,
    /// What.
    pub event: String,
    /// Its place in the line.
    pub position: i64,
    /// Polar's id of the customer it is about.
    pub customer: String,
    /// The event's type.
    pub kind: String,
    /// `pending`, `done` or `dead`.
    pub status: String,
    /// When it was put in line, µs.
    pub queued_at: i64,
    /// Tries begun.
    pub tries: i64,
    /// When it may be tried next, µs.
    pub due_at: i64,
    /// When it was taken or given up, µs.
    pub settled_at: Option<i64>,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// Which deliveries a list shows, newest first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shown<'a> {
    /// Whose; everyone's when `None`.
    pub subscriber: Option<&'a str>,
    /// Of which status.
    pub status: Option<&'a str>,
    /// About which customer.
    pub customer: Option<&'a str>,
    /// Of which event type.
    pub kind: Option<&'a str>,
    /// Which event.
    pub event: Option<&'a str>,
    /// Before this place in the line.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: i64,
}

/// How much waits for one subscriber.
#[derive(Debug, Clone, Default, FromRow)]
pub struct DeliveryBacklog {
    /// Whose.
    pub subscriber: String,
    /// Deliveries that wait.
    pub pending: i64,
    /// Deliveries given up.
    pub dead: i64,
    /// When the oldest that waits was put in line, µs.
    pub oldest: Option<i64>,
}

/// Something that was told, and what became of it at one subscriber.
#[derive(Debug, Clone, FromRow)]
pub struct Retellable {
    /// Where it stands in the order of telling.
    pub position: i64,
    /// What.
    pub event: String,
    /// Its type.
    pub kind: String,
    /// Polar's id of the customer it is about.
    pub customer: String,
    /// Polar's ids of the products it is about, JSON.
    pub products: String,
    /// `pending`, `done`, `dead`, or none when the subscriber was not to be told.
    pub status: Option<String>,
}

impl Store {
    /// Deliveries, newest first.
    pub async fn deliveries(&self, shown: &Shown<'_>) -> Result<Vec<Delivery>, Error> {
        const QUERY: &str = "SELECT subscriber, event, position, customer, kind, status, \
             queued_at, tries, due_at, settled_at, error FROM delivery \
             WHERE ($1 IS NULL OR subscriber = $1) AND ($2 IS NULL OR status = $2) \
             AND ($3 IS NULL OR customer = $3) AND ($4 IS NULL OR kind = $4) \
             AND ($5 IS NULL OR event = $5) AND position < $6 ORDER BY position DESC LIMIT $7";
        let rows = read!(&self.engine, |pool| {
            let query = sqlx::query_as(QUERY)
                .bind(shown.subscriber)
                .bind(shown.status);
            let query = query.bind(shown.customer).bind(shown.kind);
            let query = query
                .bind(shown.event)
                .bind(shown.before.unwrap_or(i64::MAX));
            query.bind(shown.limit).fetch_all(pool).await
        });
        Ok(rows?)
    }

    /// How much waits for each subscriber; those for whom nothing waits or died are left out.
    pub async fn delivery_backlog(&self) -> Result<Vec<DeliveryBacklog>, Error> {
        const QUERY: &str = "SELECT subscriber, \
             CAST(SUM(CASE WHEN status = 'pending' THEN 1 ELSE 0 END) AS BIGINT) AS pending, \
             CAST(SUM(CASE WHEN status = 'dead' THEN 1 ELSE 0 END) AS BIGINT) AS dead, \
             MIN(CASE WHEN status = 'pending' THEN queued_at END) AS oldest FROM delivery \
             WHERE status IN ('pending', 'dead') GROUP BY subscriber";
        Ok(read!(&self.engine, |pool| sqlx::query_as(QUERY)
            .fetch_all(pool)
            .await)?)
    }

    /// What was told after a position, from `from` to before `to` (µs), and what became of it at
    /// this subscriber: in order, as long as its bytes are kept.
    pub async fn retellable(
        &self,
        subscriber: &str,
        (from, to): (i64, i64),
        after: i64,
        limit: i64,
    ) -> Result<Vec<Retellable>, Error> {
        const QUERY: &str = "SELECT outbox.position, outbox.id AS event, outbox.kind, \
             outbox.customer, outbox.products, delivery.status FROM outbox \
             LEFT JOIN delivery ON delivery.event = outbox.id AND delivery.subscriber = $1 \
             WHERE outbox.told_at >= $2 AND outbox.told_at < $3 AND outbox.position > $4 \
             AND (outbox.body IS NOT NULL OR EXISTS \
             (SELECT 1 FROM inbox WHERE inbox.webhook_id = outbox.id)) \
             ORDER BY outbox.position LIMIT $5";
        let rows = read!(&self.engine, |pool| {
            let query = sqlx::query_as(QUERY).bind(subscriber).bind(from).bind(to);
            query.bind(after).bind(limit).fetch_all(pool).await
        });
        Ok(rows?)
    }
}
