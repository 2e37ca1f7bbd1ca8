//! The journal's files among all that lie beside the database.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

/// What every file begins with, before the identity of its database: how its records are written.
const FORMAT: &[u8; 16] = b"polarkit intake1";
/// Between the database's name and a number.
const INFIX: &str = "-intake-";

/// Whose a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// This database's.
    Ours,
    /// Of a database that had the same name before.
    Other,
    /// Begun, and nothing was ever written to it.
    Unborn,
}

/// What a file of this database begins with.
pub(super) fn mark(identity: &str) -> Vec<u8> {
    [FORMAT, identity.as_bytes()].concat()
}

/// The name of the file that begins with this number.
pub(super) fn name(database: &Path, first: i64) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(format!("{INFIX}{first:020}"));
    path.into()
}

/// The same file under another name, for whoever looks into what happened to it.
pub(super) fn aside(path: &Path, why: &str) -> PathBuf {
    let mut aside = path.as_os_str().to_owned();
    aside.push(why);
    aside.into()
}

/// The files beside a database, the oldest first, each with the number it begins with.
pub(super) fn found(database: &Path) -> io::Result<Vec<(i64, PathBuf)>> {
    let name = database.file_name().unwrap_or_default().to_string_lossy();
    let prefix = format!("{name}{INFIX}");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder(database))? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(&prefix));
        if let Some(first) = number.and_then(|number| number.parse().ok()) {
            found.push((first, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// Whose this file is. One that is no journal at all is an error: it is not touched.
pub(super) fn owner(path: &Path, identity: &str) -> io::Result<Owner> {
    let ours = mark(identity);
    let length = u64::try_from(ours.len()).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    File::open(path)?.take(length + 1).read_to_end(&mut bytes)?;
    // A length may come to the disk before what was written.
    if bytes.len() <= ours.len() && (ours.starts_with(&bytes) || bytes.iter().all(|&b| b == 0)) {
        return Ok(Owner::Unborn);
    }
    if bytes.starts_with(&ours) {
        return Ok(Owner::Ours);
    }
    if bytes.starts_with(FORMAT) {
        return Ok(Owner::Other);
    }
    let words = format!("{} is no journal of polarkit's", path.display());
    Err(io::Error::new(ErrorKind::InvalidData, words))
}

/// Makes the names of files last: a name is on the disk only when its folder is.
pub(super) fn sync(database: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder(database))?.sync_all()?;
    }
    Ok(())
}

fn folder(database: &Path) -> &Path {
    let folder = database.parent().unwrap_or(Path::new("."));
    if folder.as_os_str().is_empty() {
        return Path::new(".");
    }
    folder
}
