//! The line as a table, which all nodes share.

use sqlx::QueryBuilder;

use super::{Mail, size};
use crate::batch::{Writer, chunks};
use crate::engine::{Engine, Open, Tx, within};
use crate::{Error, crash};

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

/// On a shared database those that no other node is at.
pub(super) async fn take(tx: &mut Tx, limit: i64) -> Result<Vec<Mail>, Error> {
    let query = match &tx.0 {
        Open::Sqlite(_) => take!(""),
        Open::Postgres(_) => take!(" FOR UPDATE SKIP LOCKED"),
    };
    let mut taken: Vec<Mail> = within!(tx, |tx| {
        sqlx::query_as(query).bind(limit).fetch_all(tx).await
    })?;
    taken.sort_by(|one, other| {
        (one.received_at, &one.webhook_id).cmp(&(other.received_at, &other.webhook_id))
    });
    Ok(taken)
}

pub(super) const WRITER: Writer<Mail, ()> = Writer {
    name: "intake",
    size,
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
