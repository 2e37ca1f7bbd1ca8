//! Where `dev` keeps its things: the folder it was given, or a temporary one that goes when it stops.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use secrecy::SecretString;
use tempfile::TempDir;
use uuid::Uuid;

use crate::failure::Failure;

/// The folder, and whether it stays.
#[derive(Debug)]
pub(super) enum Home {
    Kept(PathBuf),
    Temporary(TempDir),
}

impl Home {
    pub(super) fn open(given: Option<PathBuf>) -> Result<Self, Failure> {
        let Some(folder) = given else {
            return Ok(Self::Temporary(TempDir::with_prefix("polarkit-")?));
        };
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot use {} as data folder", folder.display()))
            .map_err(Failure::configuration)?;
        Ok(Self::Kept(folder))
    }

    /// Where the sandbox keeps its world; nowhere when nothing is to be kept.
    pub(super) fn sandbox(&self) -> Option<PathBuf> {
        match self {
            Self::Kept(folder) => Some(folder.join("sandbox")),
            Self::Temporary(_) => None,
        }
    }

    pub(super) fn database_url(&self) -> String {
        format!("sqlite:{}", self.path().join("gateway.db").display())
    }

    /// The shop's key to the gateway: the same after a restart, so that what was noted down goes on working.
    pub(super) fn api_key(&self) -> Result<SecretString, Failure> {
        let file = self.path().join("api-key");
        match fs::read_to_string(&file) {
            Ok(key) => Ok(key.trim().to_owned().into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(mint(&file)?.into()),
            Err(error) => {
                let cause = anyhow::Error::new(error);
                Err(cause
                    .context(format!("cannot read {}", file.display()))
                    .into())
            }
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(folder) => folder,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

/// A new key, in a file that nobody else may read.
fn mint(file: &Path) -> io::Result<String> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let key = format!("pk_{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let mut written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)?;
    writeln!(written, "{key}")?;
    Ok(key)
}
