//! Keeps the world over a restart: one file that is always whole, written shortly after each change.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::world::World;

const WORLD: &str = "world.json";
const DRAFT: &str = "world.json.draft";
const LOCK: &str = "lock";
/// Grows when an older program could no longer read what this one writes.
const FORMAT: u32 = 1;

/// A folder that holds one world. The lock is held until this is dropped.
#[derive(Debug)]
pub(crate) struct Storage {
    folder: PathBuf,
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
    #[error("{} holds no world this program can read; move it away to start anew", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where reading ended.
        #[source]
        source: serde_json::Error,
    },
    /// Written by a later program.
    #[error("{} was written by a newer program (format {found}, this one knows {FORMAT})", file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its format.
        found: u32,
    },
}

#[derive(Serialize)]
struct Saved<'w> {
    format: u32,
    world: &'w World,
}

#[derive(Deserialize)]
struct Header {
    format: u32,
}

#[derive(Deserialize)]
struct Loaded {
    world: World,
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
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StorageError::InUse(folder.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// The world that was saved, when there is one.
    pub(crate) fn load(&self) -> Result<Option<World>, StorageError> {
        let file = self.folder.join(WORLD);
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(StorageError::Folder {
                    folder: self.folder.clone(),
                    source,
                });
            }
        };
        read(&file, &bytes).map(Some)
    }

    /// Replaces what was saved. At every moment the file is either the old world or the new one.
    pub(crate) fn save(&self, bytes: &[u8]) -> Result<(), StorageError> {
        self.replace(bytes).map_err(|source| StorageError::Folder {
            folder: self.folder.clone(),
            source,
        })
    }

    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        let draft = self.folder.join(DRAFT);
        let mut file = File::create(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, self.folder.join(WORLD))?;
        // The new name lasts only once the folder itself is on disk.
        File::open(&self.folder)?.sync_all()
    }
}

/// The bytes to save a world as.
pub(crate) fn write(world: &World) -> Result<Vec<u8>, serde_json::Error> {
    let format = FORMAT;
    serde_json::to_vec(&Saved { format, world })
}

fn read(file: &Path, bytes: &[u8]) -> Result<World, StorageError> {
    let damaged = |source| StorageError::Damaged {
        file: file.to_owned(),
        source,
    };
    let header: Header = serde_json::from_slice(bytes).map_err(damaged)?;
    if header.format > FORMAT {
        return Err(StorageError::Newer {
            file: file.to_owned(),
            found: header.format,
        });
    }
    let loaded: Loaded = serde_json::from_slice(bytes).map_err(damaged)?;
    Ok(loaded.world)
}
