//! What can go wrong while remembering, by cause.

use std::sync::Arc;

/// Why the store could not do as asked.
///
/// Cloneable, because one failed transaction answers every caller whose row was in it.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address names neither engine, or is malformed.
    #[error("`{0}` is not a database address: use sqlite:FILE or postgres://…")]
    Address(String),
    /// The database refused, failed or is away.
    #[error("the database failed")]
    Database(#[source] Arc<sqlx::Error>),
    /// The tables could not be brought up to date.
    #[error("the tables could not be brought up to date")]
    Migration(#[source] Arc<sqlx::migrate::MigrateError>),
    /// More rows wait to be written than the store accepts; try again shortly.
    #[error("too many rows wait to be written")]
    Full,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl Error {
    /// Whether the rows themselves were refused, so that trying them again cannot help.
    pub fn is_about_the_data(&self) -> bool {
        match self {
            Self::Database(cause) => match cause.as_ref() {
                sqlx::Error::Encode(_) => true,
                // Of SQLSTATE, class 22: data exceptions, such as a NUL in a text; and class 54:
                // limits, such as a text too long for an index.
                sqlx::Error::Database(refusal) => refusal.code().is_some_and(|code| {
                    code.len() == 5 && (code.starts_with("22") || code.starts_with("54"))
                }),
                _ => false,
            },
            _ => false,
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(cause: sqlx::Error) -> Self {
        Self::Database(Arc::new(cause))
    }
}
