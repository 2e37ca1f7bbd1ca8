//! The database file: where it is, and that no other account reads it.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use sqlx::sqlite::SqliteConnectOptions;

use crate::Error;

/// The file an address names; none where it names a server, or a database in memory.
pub(crate) fn of(url: &str) -> Result<Option<PathBuf>, Error> {
    if !url.starts_with("sqlite:") {
        return Ok(None);
    }
    let options = SqliteConnectOptions::from_str(url)?;
    let file = options.get_filename();
    // A database in memory has a name, but no file.
    let is_file = !file.to_string_lossy().starts_with("file:");
    Ok(is_file.then(|| file.to_owned()))
}

/// The file itself, whatever links lead to it: what lies beside it is named after this.
pub(crate) fn real(file: &Path) -> PathBuf {
    std::fs::canonicalize(file).unwrap_or_else(|_missing| file.to_owned())
}

/// Makes a new database file readable by its owner alone: it holds customers' data. SQLite gives
/// the files beside it the same permissions. What can't be made here, SQLite reports by itself.
pub(crate) fn keep_private(file: &Path) {
    if let Err(error) = private().create_new(true).open(file) {
        tracing::debug!(%error, "the database file is not made anew");
    }
}

/// How a file is opened, or made, that no other account may read.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
