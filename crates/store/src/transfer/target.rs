//! The PostgreSQL database that is filled: everything in one transaction, and its migrations locked,
//! so that a gateway that starts on it meanwhile waits until all of it is there.

use std::str::FromStr as _;

use futures_util::TryStreamExt as _;
use futures_util::stream::BoxStream;
use sqlx::error::DatabaseError;
use sqlx::migrate::{Migrate as _, MigrateError};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgPool, Postgres, Transaction};

use super::TransferError;
use super::checksum::Checksum;
use super::migrated::{Born, migrate};
use super::row::{self, Cell};
use super::table::{Column, Kind, Table, quoted};
use crate::Error;

/// Of the transaction: how long others may still hold a lock, and that much is to be done.
const SETTINGS: [&str; 2] = [
    "SET LOCAL lock_timeout = '10s'",
    "SET LOCAL statement_timeout = 0",
];

#[derive(Debug)]
pub(super) struct Target {
    pool: PgPool,
    tx: Transaction<'static, Postgres>,
}

impl Target {
    /// Connects and begins the transaction.
    pub(super) async fn open(url: &str) -> Result<Self, TransferError> {
        if !(url.starts_with("postgres:") || url.starts_with("postgresql:")) {
            return Err(TransferError::Direction);
        }
        let options = PgConnectOptions::from_str(url)?.disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await?;
        let tx = pool.begin().await?;
        Ok(Self { pool, tx })
    }

    /// Keeps others out, makes the tables as the source has them, and sees that they are empty.
    pub(super) async fn prepare(
        &mut self,
        version: i64,
        tables: &[Table],
    ) -> Result<(), TransferError> {
        for setting in SETTINGS {
            sqlx::query(setting).execute(&mut *self.tx).await?;
        }
        self.tx.lock().await.map_err(in_use_by_migration)?;
        self.lock(tables).await?;
        migrate(&mut *self.tx, version).await?;
        self.compare(tables).await?;
        let mut born = Born::new(version).await?;
        for table in tables {
            self.see_empty(table, born.checksum(table).await?).await?;
        }
        Ok(())
    }

    /// Writes rows of a table.
    pub(super) async fn insert(
        &mut self,
        table: &Table,
        rows: &[Vec<Cell>],
    ) -> Result<(), TransferError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut query = sqlx::query(AssertSqlSafe(table.insert()));
        for (index, column) in table.columns.iter().enumerate() {
            query = bind(
                query,
                column.kind,
                rows.iter().filter_map(|row| row.get(index)),
            );
        }
        match query.execute(&mut *self.tx).await {
            Ok(_) => Ok(()),
            Err(cause) => Err(refused(table, cause)),
        }
    }

    /// Every row of a table, a few at a time in memory.
    pub(super) fn rows(&mut self, table: &Table) -> BoxStream<'_, Result<PgRow, sqlx::Error>> {
        sqlx::query(AssertSqlSafe(table.select())).fetch(&mut *self.tx)
    }

    /// Brings the tables up to date, tells the planner what is in them, and makes all of it last.
    pub(super) async fn commit(mut self, tables: &[Table]) -> Result<(), TransferError> {
        migrate(&mut *self.tx, i64::MAX).await?;
        for table in tables {
            let analyze = format!("ANALYZE {}", quoted(&table.name));
            sqlx::query(AssertSqlSafe(analyze))
                .execute(&mut *self.tx)
                .await?;
        }
        self.tx.commit().await?;
        // The lock of the migrations belongs to the connection, and goes with it.
        self.pool.close().await;
        Ok(())
    }

    /// Holds the tables there are, so that a gateway that runs on them writes nothing meanwhile.
    async fn lock(&mut self, tables: &[Table]) -> Result<(), TransferError> {
        const THERE: &str = "SELECT table_name::text FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_name = ANY($1) ORDER BY 1";
        let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
        let there: Vec<String> = sqlx::query_scalar(THERE)
            .bind(names)
            .fetch_all(&mut *self.tx)
            .await?;
        for name in there {
            let lock = format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", quoted(&name));
            sqlx::query(AssertSqlSafe(lock))
                .execute(&mut *self.tx)
                .await
                .map_err(in_use)?;
        }
        Ok(())
    }

    /// Each of the source's tables must be here, column by column.
    async fn compare(&mut self, tables: &[Table]) -> Result<(), TransferError> {
        const COLUMNS: &str = "SELECT column_name::text, data_type::text \
             FROM information_schema.columns WHERE table_schema = current_schema() \
             AND table_name = $1 ORDER BY ordinal_position";
        for table in tables {
            let columns: Vec<(String, String)> = sqlx::query_as(COLUMNS)
                .bind(&table.name)
                .fetch_all(&mut *self.tx)
                .await?;
            let columns = columns
                .into_iter()
                .map(|column| Column::new(&table.name, column));
            let columns: Result<Vec<Column>, String> = columns.collect();
            let columns = columns.map_err(TransferError::UnknownTarget)?;
            if columns != table.columns {
                let fault = format!("the columns of {} differ", table.name);
                return Err(TransferError::UnknownTarget(fault));
            }
        }
        Ok(())
    }

    /// A table may hold what its migrations put there, which gives way.
    async fn see_empty(&mut self, table: &Table, born: Checksum) -> Result<(), TransferError> {
        let mut sum = Checksum::default();
        let mut rows = self.rows(table);
        while sum.rows() <= born.rows()
            && let Some(row) = rows.try_next().await?
        {
            sum.add(&row::read(&row, &table.columns)?);
        }
        drop(rows);
        if sum != born {
            return Err(TransferError::TargetNotEmpty(table.name.clone()));
        }
        sqlx::query(AssertSqlSafe(table.delete()))
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }
}

type Insert<'q> = Query<'q, Postgres, PgArguments>;

/// Binds one column of many rows as an array.
fn bind<'q>(query: Insert<'q>, kind: Kind, cells: impl Iterator<Item = &'q Cell>) -> Insert<'q> {
    match kind {
        Kind::Text => query.bind(array(cells, |cell| match cell {
            Cell::Text(text) => Some(text.as_str()),
            _ => None,
        })),
        Kind::Integer => query.bind(array(cells, |cell| match cell {
            Cell::Integer(number) => Some(*number),
            _ => None,
        })),
        Kind::Truth => query.bind(array(cells, |cell| match cell {
            Cell::Truth(truth) => Some(*truth),
            _ => None,
        })),
        Kind::Bytes => query.bind(array(cells, |cell| match cell {
            Cell::Bytes(bytes) => Some(bytes.as_slice()),
            _ => None,
        })),
    }
}

fn array<'q, T>(
    cells: impl Iterator<Item = &'q Cell>,
    value: impl Fn(&'q Cell) -> Option<T>,
) -> Vec<Option<T>> {
    cells.map(value).collect()
}

fn in_use_by_migration(error: MigrateError) -> TransferError {
    match error {
        MigrateError::Execute(cause) => in_use(cause),
        other => other.into(),
    }
}

/// PostgreSQL's code for a lock that was waited for in vain.
fn in_use(error: sqlx::Error) -> TransferError {
    const LOCK_NOT_AVAILABLE: &str = "55P03";
    let code = error.as_database_error().and_then(DatabaseError::code);
    if code.as_deref() == Some(LOCK_NOT_AVAILABLE) {
        TransferError::TargetInUse
    } else {
        error.into()
    }
}

fn refused(table: &Table, cause: sqlx::Error) -> TransferError {
    let error = Error::from(cause);
    match error {
        Error::Database(cause) if cause.as_database_error().is_some() => TransferError::Refused {
            table: table.name.clone(),
            cause,
        },
        other => other.into(),
    }
}
