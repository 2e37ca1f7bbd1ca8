//! One process works on a database file: whoever serves holds a lock beside it, and the lock ends
//! with the process however it ends.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::{Engine, Store};
use crate::{Error, file};

/// The lock, as long as it is held.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alone(Arc<Mutex<Option<File>>>);

impl Store {
    /// Opens the database as [`Store::open`] does, for a process that serves. A database file takes
    /// one such process: a second is refused, and what the last one had leased is free again.
    pub async fn open_to_serve(url: &str, now: i64) -> Result<Self, Error> {
        let file = file::of(url)?.map(|file| {
            file::keep_private(&file);
            file::real(&file)
        });
        let lock = file.as_deref().map(lock).transpose()?;
        let store = Self::open_with(url, file.as_deref()).await?;
        if matches!(store.engine, Engine::Sqlite { .. }) {
            store.alone.hold(lock);
            store.leases_end().await?;
            store.deliveries_release(now).await?;
            store.idempotency_release().await?;
        }
        Ok(store)
    }
}

impl Alone {
    fn hold(&self, lock: Option<File>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = lock;
    }

    /// Lets another process serve.
    pub(crate) fn release(&self) {
        self.hold(None);
    }
}

/// Locks the file beside the database; never the database itself: closing it would end SQLite's
/// own locks on it.
pub(crate) fn lock(database: &Path) -> Result<File, Error> {
    let mut name = database.as_os_str().to_owned();
    name.push("-lock");
    let unusable = |cause: std::io::Error| Error::from(sqlx::Error::Io(cause));
    let file = file::private().open(name).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse),
        Err(TryLockError::Error(cause)) => Err(unusable(cause)),
    }
}
