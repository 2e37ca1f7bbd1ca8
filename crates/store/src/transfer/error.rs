//! Why a store was not moved.

use std::sync::Arc;

use crate::Error;

/// Why a store was not moved. Whatever it is, both databases are as they were.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The addresses are not those of a SQLite file and of a PostgreSQL database.
    #[error("a store is moved from sqlite:FILE to postgres://…")]
    Direction,
    /// There is no such file.
    #[error("there is no database file {0}")]
    NoSource(String),
    /// Some process has the file open.
    #[error("the SQLite file is in use: a gateway, or another program, has it open")]
    SourceInUse,
    /// The file is no store, or one this version cannot read.
    #[error("the SQLite file is not a store this version knows: {0}")]
    UnknownSource(String),
    /// Somebody works in the target.
    #[error("the PostgreSQL database is in use: somebody holds its tables")]
    TargetInUse,
    /// There is something in the target already.
    #[error("the PostgreSQL database is not empty: there are rows in the table {0}")]
    TargetNotEmpty(String),
    /// The target's tables are not those of the source.
    #[error("the PostgreSQL database has tables of another version: {0}")]
    UnknownTarget(String),
    /// PostgreSQL cannot store a row.
    #[error("PostgreSQL refuses a row of the table {table}")]
    Refused {
        /// Which table.
        table: String,
        /// Why.
        #[source]
        cause: Arc<sqlx::Error>,
    },
    /// What was read back is not what was written.
    #[error(
        "the table {table} came out different: {copied} rows were written, {found} read back{}",
        if copied == found { ", with other contents" } else { "" }
    )]
    Differs {
        /// Which table.
        table: String,
        /// Rows written.
        copied: u64,
        /// Rows read back.
        found: u64,
    },
    /// A database failed.
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<sqlx::Error> for TransferError {
    fn from(cause: sqlx::Error) -> Self {
        Self::Store(Error::from(cause))
    }
}

impl From<sqlx::migrate::MigrateError> for TransferError {
    fn from(cause: sqlx::migrate::MigrateError) -> Self {
        Self::Store(Error::Migration(Arc::new(cause)))
    }
}
