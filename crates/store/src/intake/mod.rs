//! The intake: a webhook is written down at the end of a line, and acknowledged. Whether it came
//! before and what it says is looked into later, when it is moved to the inbox.
//!
//! Several nodes share a line in their database. A process that serves alone from a file keeps a
//! journal beside it: to append costs a quarter of a row there, and waits for no other writer.

mod journal;
mod table;

use bytes::Bytes;
use sqlx::FromRow;

use crate::Error;
use crate::batch::Batch;
use crate::engine::{Engine, Open, Store, Tx};
pub(crate) use journal::{BEGUN, Journal, Left, Unread};

/// A verified delivery, as it came.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
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

/// Largest delivery, its headers included; the gateway takes smaller ones only.
const MAIL_BYTES_MAX: usize = 2 << 20;

/// Where the line is.
#[derive(Debug, Clone)]
pub(crate) enum Intake {
    Table(Batch<Mail, ()>),
    Journal(Journal),
}

impl Store {
    /// Returns once the delivery is durable; many callers share one commit.
    pub async fn receive(&self, mail: Mail) -> Result<(), Error> {
        if size(&mail) > MAIL_BYTES_MAX {
            return Err(Error::TooLarge);
        }
        self.intake.line().put(vec![mail]).await.map(drop)
    }

    /// Whether many deliveries are on their way in, to a line that only this process keeps.
    pub fn is_receiving(&self) -> bool {
        !self.is_shared() && self.intake.line().is_busy()
    }

    /// Takes the oldest deliveries out of the line, in order of arrival. They are back in it if the
    /// transaction does not last.
    pub async fn intake_take(&self, tx: &mut Tx, limit: i64) -> Result<Vec<Mail>, Error> {
        // A line in the table is an older one: before there was a journal.
        let taken = table::take(tx, limit).await?;
        match &self.intake {
            Intake::Journal(journal) if taken.is_empty() => journal.take(tx, limit).await,
            _ => Ok(taken),
        }
    }

    /// How many wait in the journal, and when the oldest of them came, µs.
    pub(crate) async fn intake_unread(&self) -> Result<Unread, Error> {
        match &self.intake {
            Intake::Journal(journal) => journal.unread(&self.engine).await,
            Intake::Table(_) => Ok(Unread::default()),
        }
    }
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
}

impl Intake {
    /// A line in the database.
    pub(crate) fn in_table(tasks: &tokio_util::task::TaskTracker, engine: &Engine) -> Self {
        Self::Table(Batch::start(tasks, engine.clone(), table::WRITER))
    }

    pub(crate) fn close(&self) {
        self.line().close();
    }

    fn line(&self) -> &Batch<Mail, ()> {
        match self {
            Self::Table(line) => line,
            Self::Journal(journal) => journal.line(),
        }
    }
}

fn size(mail: &Mail) -> usize {
    mail.body.len() + mail.headers.len() + mail.webhook_id.len()
}
