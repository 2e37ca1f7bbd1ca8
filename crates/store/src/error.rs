//! What can go wrong while remembering, by cause.

use std::io;
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
    /// The files that deliveries are written to first failed.
    #[error("the intake's journal failed")]
    Journal(#[source] Arc<io::Error>),
    /// Another process serves from the same database file.
    #[error("another polarkit works on this database file")]
    InUse,
    /// More rows wait to be written than the store accepts; try again shortly.
    #[error("too many rows wait to be written")]
    Full,
    /// A delivery is larger than any that is taken.
    #[error("the delivery is too large")]
    TooLarge,
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
                sqlx::Error::Database(refusal) => {
                    refusal.code().is_some_and(|code| finds_fault(&code))
                }
                _ => false,
            },
            _ => false,
        }
    }
}

impl Error {
    /// What whoever runs the gateway can do about it, where that can be said.
    pub fn remedy(&self) -> Option<&'static str> {
        let cause = match self {
            Self::InUse => {
                return Some(
                    "end the other process first, or give this one a database of its own; \
                     several nodes share a PostgreSQL",
                );
            }
            Self::Journal(cause) => {
                return Some(match cause.kind() {
                    io::ErrorKind::StorageFull
                    | io::ErrorKind::FileTooLarge
                    | io::ErrorKind::QuotaExceeded => NO_ROOM,
                    io::ErrorKind::InvalidData => DAMAGED,
                    _ => UNWRITABLE,
                });
            }
            Self::Database(cause) => cause.as_ref(),
            Self::Migration(cause) => match cause.as_ref() {
                sqlx::migrate::MigrateError::Execute(cause)
                | sqlx::migrate::MigrateError::ExecuteMigration(cause, _) => cause,
                sqlx::migrate::MigrateError::VersionMissing(_) => {
                    return Some(
                        "a newer polarkit made this database: run that version or a later one",
                    );
                }
                _ => return None,
            },
            Self::Address(_) | Self::Full | Self::TooLarge | Self::Closed => return None,
        };
        match cause {
            sqlx::Error::PoolTimedOut => Some("is the server up, and does the address lead to it?"),
            sqlx::Error::Io(_) => Some(UNWRITABLE),
            sqlx::Error::Database(refusal) => remedy_of(refusal.code()?.as_ref()),
            _ => None,
        }
    }
}

/// Of SQLSTATE, class 22: data exceptions, such as a NUL in a text; 23: constraints; and 54: limits,
/// such as a text too long for an index. Of SQLite's codes: too big, a constraint, a mismatch.
fn finds_fault(code: &str) -> bool {
    if code.len() == 5 {
        return ["22", "23", "54"]
            .iter()
            .any(|class| code.starts_with(class));
    }
    let kind = code.parse().map(|code: u32| code & 0xff);
    matches!(kind, Ok(18..=20))
}

const UNWRITABLE: &str = "the file and its folder must be there and writable for this user, and \
     the disk not mounted read-only";
const DAMAGED: &str = "start the gateway on it once: it sets aside what is damaged; a file that is no \
     journal must go elsewhere";
const NO_ROOM: &str = "make room on the disk, or name a file on another";

/// By SQLite's result code, or PostgreSQL's SQLSTATE.
fn remedy_of(code: &str) -> Option<&'static str> {
    // The lower byte of an extended code says what kind it is of.
    let kind = code.parse().ok().filter(|_| code.len() < 5);
    match (kind.map(|code: u32| code & 0xff), code) {
        (Some(8 | 14), _) => Some(UNWRITABLE),
        (Some(5 | 6), _) => Some("another process holds the database: wait for it or end it"),
        (Some(10 | 13), _) => Some(NO_ROOM),
        (Some(11 | 26), _) => Some("the file is damaged or no SQLite database: name another"),
        (None, "28000" | "28P01") => Some("the server does not accept the user or password"),
        (None, "3D000") => Some("create the database first: the gateway makes the tables only"),
        (None, "25006") => Some("the server is read-only, perhaps a standby: name the primary"),
        _ => None,
    }
}

impl Error {
    pub(crate) fn journal(cause: io::Error) -> Self {
        Self::Journal(Arc::new(cause))
    }
}

impl From<sqlx::Error> for Error {
    fn from(cause: sqlx::Error) -> Self {
        Self::Database(Arc::new(cause))
    }
}
