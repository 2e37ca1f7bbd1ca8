//! The intake: a webhook is written down at the end of a short line, and acknowledged. Whether it
//! came before and what it says is looked into later, when it is moved to the inbox.

use bytes::Bytes;
use sqlx::{FromRow, QueryBuilder};

use crate::batch::{Writer, chunks};
use crate::engine::{Engine, Open, Store, Tx, within};
use crate::{Error, crash};

/// A verified delivery, as it came.
#[derive(Debug, Clone, FromRow)]
pub struct Mail {
    /// When it came, µs; increasing on one node, so that it is also the order of arrival.
    pub received_at: i64,
    /// Polar's id of the delivery, the same on every retry.
    pub webhook_id: String,
    /// When the sender says it sent it, µs.
    pub sent_at: i64,
    /// Which secret and key scheme verified it.
    pub verified_by: String,
    /// The request's headers that matter, as JSON.
    pub headers: String,
    /// The exact bytes that were signed.
    #[sqlx(try_from = "Vec<u8>")]
    pub body: Bytes,
}

impl Store {
    /// Returns once the delivery is durable; many callers share one commit.
    pub async fn receive(&self, mail: Mail) -> Result<(), Error> {
        self.intake.put(vec![mail]).await.map(drop)
    }

    /// Whether many deliveries are on their way in and need a writer that others share.
    pub fn is_receiving(&self) -> bool {
        !self.is_shared() && self.intake.is_busy()
    }
}

/// The rows are chosen once, before any is deleted: PostgreSQL might choose again for each.
macro_rules! take {
    ($lock:literal) => {
        concat!(
            "WITH oldest AS MATERIALIZED (SELECT received_at, webhook_id FROM intake \
             ORDER BY received_at, webhook_id LIMIT $1",
            $lock,
            ") DELETE FROM intake WHERE (received_at, webhook_id) IN \
             (SELECT received_at, webhook_id FROM oldest) \
             RETURNING received_at, webhook_id, sent_at, verified_by, headers, body"
        )
    };
}

impl Tx {
    /// Waits until no other node is projecting, and keeps the others waiting to the end of this
    /// transaction: two that took deliveries of one customer at the same time could tell of them in
    /// the wrong order. SQLite has one writer and needs nothing.
    pub async fn intake_turn(&mut self) -> Result<(), Error> {
        if let Open::Postgres(tx) = &mut self.0 {
            let turn = "SELECT pg_advisory_xact_lock(hashtextextended('polarkit projection', 0))";
            sqlx::query(turn).execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// Takes the oldest deliveries out of the line, in order of arrival; on a shared database those
    /// that no other node is at.
    pub async fn intake_take(&mut self, limit: i64) -> Result<Vec<Mail>, Error> {
        let query = match &self.0 {
            Open::Sqlite(_) => take!(""),
            Open::Postgres(_) => take!(" FOR UPDATE SKIP LOCKED"),
        };
        let mut taken: Vec<Mail> = within!(self, |tx| {
            sqlx::query_as(query).bind(limit).fetch_all(tx).await
        })?;
        taken.sort_by(|one, other| {
            (one.received_at, &one.webhook_id).cmp(&(other.received_at, &other.webhook_id))
        });
        Ok(taken)
    }
}

pub(crate) const WRITER: Writer<Mail, ()> = Writer {
    name: "intake",
    size: |mail| mail.body.len() + mail.headers.len(),
    write: |engine, mails| Box::pin(insert(engine, mails)),
};

async fn insert(engine: &Engine, mails: &[Mail]) -> Result<Vec<()>, Error> {
    let mut tx = engine.begin().await?;
    for some in chunks(mails) {
        within!(tx, |tx| {
            let mut query = QueryBuilder::new(
                "INSERT INTO intake (received_at, webhook_id, sent_at, verified_by, headers, body) ",
            );
            query.push_values(some, |mut row, mail| {
                row.push_bind(mail.received_at).push_bind(&mail.webhook_id);
                row.push_bind(mail.sent_at).push_bind(&mail.verified_by);
                row.push_bind(&mail.headers).push_bind(mail.body.as_ref());
            });
            query.push(" ON CONFLICT (received_at, webhook_id) DO NOTHING");
            query.build().execute(tx).await.map(drop)
        })?;
    }
    crash::point("intake.inserted");
    tx.commit().await?;
    crash::point("intake.committed");
    Ok(vec![(); mails.len()])
}
