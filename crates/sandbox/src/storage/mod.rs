//! Keeps the world over a restart: a folder with one log, to which every change is added soon after it
//! happened, and which begins anew when it has grown too long.

mod log;
mod read;
#[cfg(test)]
mod tests;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use self::log::Log;
use crate::world::{Line, World};

const LOG: &str = "world.log";
const DRAFT: &str = "world.log.draft";
const LOCK: &str = "lock";
/// What an earlier program wrote.
const EARLIER: &str = "world.json";
/// Grows when an older program could no longer read what this one writes.
const FORMAT: u64 = 2;

/// A folder that holds one world. The lock is held until this is dropped.
#[derive(Debug)]
pub(crate) struct Storage {
    folder: PathBuf,
    /// Absent until a world was read or written; and after a failure, when its end is not known.
    log: Option<Log>,
    _lock: File,
}

/// Why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The folder, or a file in it, cannot be read or written.
    #[error("cannot use the data folder {}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Two sandboxes would overwrite each other's world.
    #[error("another sandbox is using the data folder {}", .0.display())]
    InUse(PathBuf),
    /// The file is there and is left alone, because it may be worth saving.
    #[error("{} is damaged at line {line}; put a copy of it in its place, or move it away to start anew", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// The first line that cannot be believed, counted from one.
        line: u64,
        /// What is wrong with it, when it is not only its checksum.
        #[source]
        source: Option<serde_json::Error>,
    },
    /// Written by an earlier program.
    #[error("{} was written by an earlier program and is not read any more; move it away to start anew", .0.display())]
    Earlier(PathBuf),
    /// Written by a later program.
    #[error("{} was written by a newer program (format {found}, this one knows {FORMAT})", file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its format.
        found: u64,
    },
}

impl Storage {
    /// Takes a folder for this process, making it when needed.
    pub(crate) fn open(folder: &Path) -> Result<Self, StorageError> {
        let failed = |source| StorageError::Folder {
            folder: folder.to_owned(),
            source,
        };
        fs::create_dir_all(folder).map_err(failed)?;
        let lock = File::create(folder.join(LOCK)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                folder: folder.to_owned(),
                log: None,
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StorageError::InUse(folder.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// The world that was saved, when there is one. What a crash left half written at the end is cut off.
    pub(crate) fn load(&mut self) -> Result<Option<World>, StorageError> {
        let file = self.folder.join(LOG);
        let earlier = self.folder.join(EARLIER);
        if !file.exists() {
            return if earlier.exists() {
                Err(StorageError::Earlier(earlier))
            } else {
                Ok(None)
            };
        }
        let read = read::read(&file).map_err(|error| error.told_of(&self.folder, file.clone()))?;
        if let Some(bytes) = read.torn_bytes {
            let file = file.display();
            tracing::warn!(%file, bytes, "the last change was half written and is cut off");
        }
        let log = Log::resume(&file, &read).map_err(|source| self.failed(source))?;
        self.log = Some(log);
        Ok(Some(read.world))
    }

    /// True when the next thing to save is the whole world.
    pub(crate) fn wants_everything(&self) -> bool {
        self.log.as_ref().is_none_or(Log::is_too_long)
    }

    /// Saves the whole world. At every moment there is either the old log or the new one.
    pub(crate) fn save_everything(&mut self, lines: &[Line]) -> Result<(), StorageError> {
        self.log = None;
        let begun = Log::begin(&self.folder, lines);
        self.log = Some(begun.map_err(|source| self.failed(source))?);
        Ok(())
    }

    /// Saves what changed since the last time: all of it, or, after a crash, nothing of it.
    pub(crate) fn save_changes(&mut self, lines: &[Line]) -> Result<(), StorageError> {
        let Some(mut log) = self.log.take() else {
            let source = io::Error::other("changes to a world that was never saved");
            return Err(self.failed(source));
        };
        log.append(lines).map_err(|source| self.failed(source))?;
        self.log = Some(log);
        Ok(())
    }

    fn failed(&self, source: io::Error) -> StorageError {
        StorageError::Folder {
            folder: self.folder.clone(),
            source,
        }
    }
}
