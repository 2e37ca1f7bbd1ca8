//! The line as files beside the database: appended to and synced to the disk once for all who wait,
//! read by the projection and deleted when all of it is in the inbox.
//!
//! How far it is read stands in the database, in the transaction that takes the deliveries: what
//! became of them and that they are taken is one commit.

mod folder;
mod line;
mod reader;
mod record;
mod records;
mod segment;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::task::TaskTracker;

use self::line::Line;
use self::reader::Reader;
use self::segment::Mending;
use self::writer::Writer;
use super::{Mail, size};
use crate::Error;
use crate::batch::Batch;
use crate::engine::{Engine, Tx, read, within, write};

/// The one journal of a process that serves alone.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    batch: Batch<Mail, ()>,
    line: Arc<Line>,
    reader: Arc<Mutex<Reader>>,
}

/// What is in the journal and not yet in the inbox.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Unread {
    pub(crate) count: i64,
    /// When the oldest came, µs.
    pub(crate) oldest: Option<i64>,
}

impl Journal {
    /// Finds what an earlier process left beside this database, and goes on after it.
    pub(crate) async fn open(
        database: &Path,
        engine: &Engine,
        tasks: &TaskTracker,
    ) -> Result<Self, Error> {
        let (identity, position) = begun(engine).await?;
        let database = database.to_owned();
        let (line, writer) = off_the_runtime(move || {
            let line = Line::recover(&database, &identity, position, Mending::Allowed)?;
            let line = Arc::new(line);
            let writer = Writer::open(&database, identity, Arc::clone(&line), position)?;
            line.forget_before(position);
            Ok((line, writer))
        })
        .await?;
        let (batch, queue) = Batch::new(size);
        tasks.spawn(writer.run(queue));
        let reader = Arc::new(Mutex::new(Reader::new(Arc::clone(&line))));
        Ok(Self {
            batch,
            line,
            reader,
        })
    }

    /// Where deliveries are handed in.
    pub(super) fn line(&self) -> &Batch<Mail, ()> {
        &self.batch
    }

    pub(super) async fn take(&self, tx: &mut Tx, limit: i64) -> Result<Vec<Mail>, Error> {
        const READ: &str = "UPDATE intake_journal SET position = $1 WHERE id = 1";
        let position: i64 = within!(tx, |tx| {
            sqlx::query_scalar(POSITION).fetch_one(tx).await
        })?;
        if position >= self.line.next() {
            self.line.took_all_before(position);
            return Ok(Vec::new());
        }
        let (mails, next) = self.read(position, limit).await?;
        within!(tx, |tx| {
            sqlx::query(READ).bind(next).execute(tx).await.map(drop)
        })?;
        Ok(mails)
    }

    pub(super) async fn unread(&self, engine: &Engine) -> Result<Unread, Error> {
        let position: i64 = read!(engine, |pool| {
            sqlx::query_scalar(POSITION).fetch_one(pool).await
        })?;
        let count = (self.line.next() - position).max(0);
        let oldest = match count {
            0 => None,
            _ => self.look(position).await?,
        };
        Ok(Unread {
            count,
            oldest: oldest.map(|mail| mail.received_at),
        })
    }

    /// The delivery of this number; whoever takes them keeps its place.
    async fn look(&self, position: i64) -> Result<Option<Mail>, Error> {
        let reader = Arc::clone(&self.reader);
        off_the_runtime(move || {
            let own = reader.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(own.clone().read(position, 1)?.0.pop())
        })
        .await
    }

    /// At most so many deliveries from this number on, and the number after them. What comes before
    /// is in the inbox for good: files that hold nothing else are deleted.
    async fn read(&self, position: i64, limit: i64) -> Result<(Vec<Mail>, i64), Error> {
        let reader = Arc::clone(&self.reader);
        let limit = usize::try_from(limit).unwrap_or_default();
        off_the_runtime(move || {
            let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
            reader.line().forget_before(position);
            reader.read(position, limit)
        })
        .await
    }
}

/// What a process that has ended left beside its database: only read, for whoever moves it.
#[derive(Debug)]
pub(crate) struct Left {
    reader: Reader,
    line: Arc<Line>,
    position: i64,
}

impl Left {
    /// What this database has not taken. Damage is an error: only a gateway sets it aside.
    pub(crate) async fn open(
        database: &Path,
        identity: String,
        position: i64,
    ) -> Result<Self, Error> {
        let database = database.to_owned();
        let line = off_the_runtime(move || {
            Line::recover(&database, &identity, position, Mending::Forbidden)
        });
        let line = Arc::new(line.await?);
        Ok(Self {
            reader: Reader::new(Arc::clone(&line)),
            line,
            position,
        })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> i64 {
        (self.line.next() - self.position).max(0)
    }

    /// The next ones; none after the last.
    pub(crate) fn next(&mut self, limit: usize) -> Result<Vec<Mail>, Error> {
        let read = self.reader.read(self.position, limit);
        let (mails, next) = read.map_err(Error::journal)?;
        self.position = next;
        Ok(mails)
    }
}

const POSITION: &str = "SELECT position FROM intake_journal WHERE id = 1";
/// Whose files are read, and from which number on.
pub(crate) const BEGUN: &str = "SELECT identity, position FROM intake_journal WHERE id = 1";

/// The same, made up for a database that has no journal yet.
async fn begun(engine: &Engine) -> Result<(String, i64), Error> {
    const BEGIN: &str = "INSERT INTO intake_journal (id, identity, position) \
         VALUES (1, lower(hex(randomblob(16))), 0) ON CONFLICT (id) DO NOTHING";
    write!(engine, |pool| sqlx::query(BEGIN)
        .execute(pool)
        .await
        .map(drop))?;
    Ok(read!(engine, |pool| sqlx::query_as(BEGUN)
        .fetch_one(pool)
        .await)?)
}

/// Files are read and written where waiting for the disk keeps nobody else.
async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(Error::journal),
        Err(_gone) => Err(Error::Closed),
    }
}
