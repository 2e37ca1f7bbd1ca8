//! The SQLite file that is moved: held so that nobody else has it, and only read.

use std::fs::File;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

use futures_util::stream::BoxStream;
use sqlx::migrate::Migrate as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteLockingMode, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};

use super::TransferError;
use super::table::{Column, Table};
use crate::engine::{self, MIGRATIONS_TABLE};
use crate::intake::{BEGUN, Left};
use crate::{Error, alone, file};

/// The migration that brought the journal.
const JOURNAL_SINCE: i64 = 8;
/// How long the file may still be held by whoever is closing it.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Source {
    /// Tells a gateway at once that it may not start here.
    _alone: File,
    connection: SqliteConnection,
    version: i64,
    file: PathBuf,
}

impl Source {
    /// Opens the file for nobody else: every process that has it open, a gateway above all, holds a
    /// lock that this one does not get beside it, and none gets one beside this.
    pub(super) async fn open(url: &str) -> Result<Self, TransferError> {
        if !url.starts_with("sqlite:") {
            return Err(TransferError::Direction);
        }
        let options = SqliteConnectOptions::from_str(url)?;
        let file = file::real(options.get_filename());
        if !file.is_file() {
            return Err(TransferError::NoSource(file.display().to_string()));
        }
        let alone = alone::lock(&file).map_err(|error| match error {
            Error::InUse => TransferError::SourceInUse,
            other => other.into(),
        })?;
        let options = options
            .create_if_missing(false)
            .read_only(false) // the lock wants a file that could be written
            .locking_mode(SqliteLockingMode::Exclusive)
            .busy_timeout(PATIENCE)
            .disable_statement_logging(); // reading a whole table is slow, and no news
        let mut connection = options.connect().await.map_err(busy)?;
        sqlx::query("BEGIN EXCLUSIVE")
            .execute(&mut connection)
            .await
            .map_err(busy)?;
        sqlx::query("PRAGMA query_only = ON")
            .execute(&mut connection)
            .await?;
        let version = version(&mut connection).await?;
        Ok(Self {
            _alone: alone,
            connection,
            version,
            file,
        })
    }

    /// The last migration the file has.
    pub(super) fn version(&self) -> i64 {
        self.version
    }

    /// Every table of the store, by name.
    pub(super) async fn tables(&mut self) -> Result<Vec<Table>, TransferError> {
        const TABLES: &str = "SELECT name FROM sqlite_master WHERE type = 'table' \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> $1 ORDER BY name";
        const COLUMNS: &str = "SELECT name, type FROM pragma_table_info($1) ORDER BY cid";
        let names: Vec<String> = sqlx::query_scalar(TABLES)
            .bind(MIGRATIONS_TABLE)
            .fetch_all(&mut self.connection)
            .await?;
        let mut tables = Vec::with_capacity(names.len());
        for name in names {
            let columns: Vec<(String, String)> = sqlx::query_as(COLUMNS)
                .bind(&name)
                .fetch_all(&mut self.connection)
                .await?;
            let columns = columns.into_iter().map(|column| Column::new(&name, column));
            let columns: Result<_, _> = columns.collect();
            let columns = columns.map_err(TransferError::UnknownSource)?;
            tables.push(Table { name, columns });
        }
        Ok(tables)
    }

    pub(super) async fn count(&mut self, table: &Table) -> Result<u64, TransferError> {
        let query = sqlx::query_scalar(AssertSqlSafe(table.count()));
        let count: i64 = query.fetch_one(&mut self.connection).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Every row of a table, a few at a time in memory.
    pub(super) fn rows(&mut self, table: &Table) -> BoxStream<'_, Result<SqliteRow, sqlx::Error>> {
        sqlx::query(AssertSqlSafe(table.select())).fetch(&mut self.connection)
    }

    /// Deliveries that were acknowledged and wait in the journal beside the file: rows of the table
    /// of the intake, on PostgreSQL.
    pub(super) async fn left(&mut self, table: &Table) -> Result<Option<Left>, TransferError> {
        if table.name != "intake" || self.version < JOURNAL_SINCE {
            return Ok(None);
        }
        let begun: Option<(String, i64)> = sqlx::query_as(BEGUN)
            .fetch_optional(&mut self.connection)
            .await?;
        let Some((identity, position)) = begun else {
            return Ok(None); // no gateway ever served from it
        };
        let left = Left::open(&self.file, identity, position).await?;
        Ok(Some(left))
    }

    pub(super) async fn close(self) -> Result<(), TransferError> {
        Ok(self.connection.close().await?)
    }
}

/// The last migration of a file, each of which must be one of ours.
async fn version(connection: &mut SqliteConnection) -> Result<i64, TransferError> {
    const KNOWN: &str = "SELECT COUNT(*) FROM sqlite_master WHERE name = $1";
    let known: i64 = sqlx::query_scalar(KNOWN)
        .bind(MIGRATIONS_TABLE)
        .fetch_one(&mut *connection)
        .await?;
    if known == 0 {
        let fault = "it has none of the tables".to_owned();
        return Err(TransferError::UnknownSource(fault));
    }
    let applied = connection.list_applied_migrations(MIGRATIONS_TABLE).await?;
    let ours = engine::migrator();
    for one in &applied {
        let known = ours
            .iter()
            .any(|our| our.version == one.version && our.checksum == one.checksum);
        if !known {
            let fault = format!("its migration {} is of another version", one.version);
            return Err(TransferError::UnknownSource(fault));
        }
    }
    Ok(applied
        .iter()
        .map(|one| one.version)
        .max()
        .unwrap_or_default())
}

/// SQLite's primary code for "somebody else holds the lock".
fn busy(error: sqlx::Error) -> TransferError {
    const BUSY: i32 = 5;
    let code = error
        .as_database_error()
        .and_then(|refusal| refusal.code()?.parse::<i32>().ok());
    if code.is_some_and(|code| code & 0xff == BUSY) {
        TransferError::SourceInUse
    } else {
        error.into()
    }
}
