//! Two engines behind one face: which database it is, how it is opened, how a transaction ends.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, PgPool, Postgres, SqlSafeStr as _, Sqlite, SqlitePool, Transaction};
use tokio_util::task::TaskTracker;

use crate::alone::Alone;
use crate::batch::Batch;
use crate::intake::{Intake, Journal};
use crate::{Error, UsageEvent, file, idempotency, usage};

/// SQLite readers beside its one writer.
const SQLITE_READERS_MAX: u32 = 4;
/// What one connection keeps of the file in memory, as SQLite has it: negative, in KiB. The index of
/// ids that come in no order should fit.
const SQLITE_CACHE_KIB: &str = "-32768";
/// Pages the log grows by before they are copied to the file, 16 MiB: a page that changes often is
/// then copied once.
const SQLITE_CHECKPOINT_PAGES: &str = "4000";
/// Connections one node holds to PostgreSQL.
const POSTGRES_CONNECTIONS_MAX: u32 = 10;
/// How long a transaction may do nothing before PostgreSQL ends it: a node that hangs must not keep
/// the others from what it holds.
const POSTGRES_IDLE_MAX: &str = "SET idle_in_transaction_session_timeout = '30s'";
/// How long a caller waits for a connection, or for SQLite's write lock.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// Between two tries to open a file that another connection has to itself.
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// Every change of the tables, in order. One that was published is never edited.
const MIGRATIONS: [(i64, &str, &str); 13] = [
    (
        1,
        "first tables",
        include_str!("../migrations/0001_first_tables.sql"),
    ),
    (2, "fan-out", include_str!("../migrations/0002_fanout.sql")),
    (3, "healing", include_str!("../migrations/0003_healing.sql")),
    (
        4,
        "entitlement expiry",
        include_str!("../migrations/0004_entitlement_expiry.sql"),
    ),
    (
        5,
        "entitlement events",
        include_str!("../migrations/0005_entitlement_events.sql"),
    ),
    (6, "repeats", include_str!("../migrations/0006_repeats.sql")),
    (7, "intake", include_str!("../migrations/0007_intake.sql")),
    (
        8,
        "intake journal",
        include_str!("../migrations/0008_intake_journal.sql"),
    ),
    (9, "seats", include_str!("../migrations/0009_seats.sql")),
    (
        10,
        "usage stream",
        include_str!("../migrations/0010_usage_stream.sql"),
    ),
    (
        11,
        "reservations",
        include_str!("../migrations/0011_reservations.sql"),
    ),
    (
        12,
        "licence keys",
        include_str!("../migrations/0012_license_keys.sql"),
    ),
    (
        13,
        "license leases",
        include_str!("../migrations/0013_license_leases.sql"),
    ),
];

/// Where the migrator notes which of them are done.
pub(crate) const MIGRATIONS_TABLE: &str = "_sqlx_migrations";

/// The memory of a gateway; cheap to clone, one per process.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) engine: Engine,
    pub(crate) intake: Intake,
    pub(crate) usage: Batch<UsageEvent, bool>,
    pub(crate) answers: Batch<idempotency::Answer, bool>,
    pub(crate) alone: Alone,
    tasks: TaskTracker,
}

/// One transaction: finished by [`Tx::commit`], rolled back when dropped.
#[derive(Debug)]
pub struct Tx(pub(crate) Open);

#[derive(Debug)]
pub(crate) enum Open {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

#[derive(Debug, Clone)]
pub(crate) enum Engine {
    /// SQLite has one writer: a pool of one keeps callers in line instead of colliding on its lock.
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
    },
    Postgres(PgPool),
}

/// Runs one query text on whichever engine stands behind a `&Engine`, for reading.
macro_rules! read {
    ($engine:expr, |$ex:ident| $body:expr) => {
        match $engine {
            $crate::engine::Engine::Sqlite { read: $ex, .. } => $body,
            $crate::engine::Engine::Postgres($ex) => $body,
        }
    };
}

/// Runs one statement on whichever engine stands behind a `&Engine`, in a commit of its own.
macro_rules! write {
    ($engine:expr, |$ex:ident| $body:expr) => {
        match $engine {
            $crate::engine::Engine::Sqlite { write: $ex, .. } => $body,
            $crate::engine::Engine::Postgres($ex) => $body,
        }
    };
}

/// Runs one statement inside a `&mut Tx`.
macro_rules! within {
    ($tx:expr, |$ex:ident| $body:expr) => {
        match &mut $tx.0 {
            $crate::engine::Open::Sqlite(tx) => {
                let $ex = &mut **tx;
                $body
            }
            $crate::engine::Open::Postgres(tx) => {
                let $ex = &mut **tx;
                $body
            }
        }
    };
}

pub(crate) use {read, within, write};

impl Store {
    /// Opens the database, brings its tables up to date and starts the group writers.
    pub async fn open(url: &str) -> Result<Self, Error> {
        Self::open_with(url, None).await
    }

    /// The same, with the intake as a journal beside this file: for the one process that serves.
    pub(crate) async fn open_with(url: &str, journal: Option<&Path>) -> Result<Self, Error> {
        let engine = Engine::open(url).await?;
        engine.migrate().await?;
        let tasks = TaskTracker::new();
        let intake = match journal {
            Some(file) => Intake::Journal(Journal::open(file, &engine, &tasks).await?),
            None => Intake::in_table(&tasks, &engine),
        };
        let usage = Batch::start(&tasks, engine.clone(), usage::WRITER);
        let answers = Batch::start(&tasks, engine.clone(), idempotency::WRITER);
        Ok(Self {
            engine,
            intake,
            usage,
            answers,
            alone: Alone::default(),
            tasks,
        })
    }

    /// Whether several processes may share this database.
    pub fn is_shared(&self) -> bool {
        matches!(self.engine, Engine::Postgres(_))
    }

    /// Begins a transaction that may write.
    pub async fn begin(&self) -> Result<Tx, Error> {
        self.engine.begin().await
    }

    /// Writes what still waits, then closes every connection.
    pub async fn close(&self) {
        self.intake.close();
        self.usage.close();
        self.answers.close();
        self.tasks.close();
        self.tasks.wait().await;
        match &self.engine {
            Engine::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Engine::Postgres(pool) => pool.close().await,
        }
        self.alone.release();
    }
}

impl Tx {
    /// Makes everything done in the transaction last.
    pub async fn commit(self) -> Result<(), Error> {
        match self.0 {
            Open::Sqlite(tx) => tx.commit().await?,
            Open::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

impl Engine {
    async fn open(url: &str) -> Result<Self, Error> {
        if url.starts_with("sqlite:") {
            return Self::open_sqlite(url).await;
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(url)?;
            let pool = PgPoolOptions::new()
                .max_connections(POSTGRES_CONNECTIONS_MAX)
                .acquire_timeout(WAIT_MAX)
                .after_connect(|connection, _| {
                    Box::pin(async move {
                        sqlx::query(POSTGRES_IDLE_MAX).execute(connection).await?;
                        Ok(())
                    })
                })
                .connect_with(options)
                .await?;
            return Ok(Self::Postgres(pool));
        }
        let scheme = url.split(':').next().unwrap_or_default();
        Err(Error::Address(format!("{scheme}:…")))
    }

    async fn open_sqlite(url: &str) -> Result<Self, Error> {
        // FULL: in WAL mode NORMAL does not sync on commit, so a power cut could lose what we
        // have already acknowledged.
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("cache_size", SQLITE_CACHE_KIB)
            .pragma("temp_store", "MEMORY")
            .pragma("wal_autocheckpoint", SQLITE_CHECKPOINT_PAGES)
            .busy_timeout(WAIT_MAX);
        if let Some(file) = file::of(url)? {
            file::keep_private(&file);
        }
        let write = sqlite_writer(&options).await?;
        let read = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS_MAX)
            .acquire_timeout(WAIT_MAX)
            .connect_lazy_with(options);
        Ok(Self::Sqlite { read, write })
    }

    pub(crate) async fn begin(&self) -> Result<Tx, Error> {
        Ok(Tx(match self {
            Self::Sqlite { write, .. } => Open::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Open::Postgres(pool.begin().await?),
        }))
    }

    async fn migrate(&self) -> Result<(), Error> {
        let migrator = migrator();
        let done = match self {
            // One transaction for all, begun as a writer: SQLite knows no other lock, and whoever
            // opens the same file at the same moment waits for it.
            Self::Sqlite { write, .. } => {
                let mut tx = write.begin_with("BEGIN IMMEDIATE").await?;
                // What `run` does with a connection; it cannot be given one of a transaction's.
                let done = migrator.run_direct(None, &mut *tx, false).await;
                if done.is_ok() {
                    tx.commit().await?;
                }
                done
            }
            // One transaction each, under a lock of the server's.
            Self::Postgres(pool) => migrator.run(pool).await,
        };
        done.map_err(|cause| Error::Migration(Arc::new(cause)))
    }
}

/// The one connection that writes. The first of all gives a new file its journal, and SQLite lets whoever
/// does the same at that moment fail instead of wait: so they wait here.
async fn sqlite_writer(options: &SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    let mut pause = tokio::time::interval(BUSY_PAUSE);
    let began = pause.tick().await;
    loop {
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(WAIT_MAX)
            .idle_timeout(None)
            .max_lifetime(None)
            .before_acquire(|connection, _| {
                // SQLite ends a transaction by itself when the disk is full, and the driver never
                // learns: it would count one for ever and refuse to begin another.
                let lost = connection.is_in_transaction();
                Box::pin(async move { Ok(!lost) })
            });
        match pool.connect_with(options.clone()).await {
            Err(error) if is_busy(&error) && began.elapsed() < WAIT_MAX => {}
            opened => return opened,
        }
        pause.tick().await;
    }
}

/// Whether another connection has the file to itself; the lowest byte of SQLite's code tells.
fn is_busy(error: &sqlx::Error) -> bool {
    const BUSY: u32 = 5;
    let code = error.as_database_error().and_then(DatabaseError::code);
    let code: Option<u32> = code.and_then(|code| code.parse().ok());
    code.is_some_and(|code| code & 0xff == BUSY)
}

/// What brings the tables up to date.
pub(crate) fn migrator() -> Migrator {
    let migrations = MIGRATIONS.map(|(number, name, text)| {
        let text = text.into_sql_str();
        Migration::new(number, name.into(), MigrationType::Simple, text, false)
    });
    Migrator::with_migrations(migrations.to_vec())
}
