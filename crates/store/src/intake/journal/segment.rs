//! One file of the journal, named after the number of its first delivery.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::record::{self, HEAD, Record};
use crate::file;

/// What every file begins with: whose it is and how its records are written.
const MARK: &[u8; 16] = b"polarkit intake1";
/// Where its first record is.
pub(super) const BEGIN: u64 = 16;

/// A file, as far as it is on the disk for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    /// Number of its first delivery, even if there is none yet.
    pub(super) first: i64,
    /// Number after its last.
    pub(super) next: i64,
    pub(super) bytes: u64,
}

impl Segment {
    /// A new file that goes on with this number; it is on the disk, and so is its name.
    pub(super) fn create(database: &Path, first: i64) -> io::Result<(Self, File)> {
        let mut path = database.as_os_str().to_owned();
        path.push(format!("{INFIX}{first:020}"));
        let path = PathBuf::from(path);
        let mut file = file::private().truncate(true).open(&path)?;
        io::Write::write_all(&mut file, MARK)?;
        file.sync_all()?;
        sync_folder(database)?;
        let segment = Self {
            path,
            first,
            next: first,
            bytes: BEGIN,
        };
        let file = segment.append()?;
        Ok((segment, file))
    }

    /// The file, to write at its end.
    pub(super) fn append(&self) -> io::Result<File> {
        OpenOptions::new().append(true).open(&self.path)
    }

    /// Its deliveries, from this byte on.
    pub(super) fn records(&self, from: u64) -> io::Result<Records> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(from))?;
        Ok(Records {
            file: BufReader::with_capacity(64 << 10, file),
            at: from,
            end: self.bytes,
        })
    }

    /// Looks at a file an earlier process left: the deliveries from its beginning up to where it
    /// ends, was cut off or is damaged. None when not even the mark was written.
    fn recover(path: PathBuf, first: i64) -> io::Result<Option<Self>> {
        let bytes = std::fs::metadata(&path)?.len();
        let mut segment = Self {
            path,
            first,
            next: first,
            bytes,
        };
        let mut mark = [0; MARK.len()];
        match File::open(&segment.path)?.read_exact(&mut mark) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        if mark != *MARK {
            let what = format!("{} is no journal of polarkit's", segment.path.display());
            return Err(io::Error::new(ErrorKind::InvalidData, what));
        }
        let mut records = segment.records(BEGIN)?;
        let (end, damaged) = loop {
            let good = records.at;
            match records.next() {
                Ok(Some(record)) if record.number == segment.next => segment.next += 1,
                Ok(None) => return Ok(Some(segment)),
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => break (good, false),
                Err(error) if error.kind() != ErrorKind::InvalidData => return Err(error),
                Ok(Some(_)) | Err(_) => break (good, true),
            }
        };
        segment.end_at(end, damaged)?;
        Ok(Some(segment))
    }

    /// Cuts off what follows. An end that was only half written was never acknowledged; what is
    /// damaged might have been, and is kept beside it.
    fn end_at(&mut self, end: u64, damaged: bool) -> io::Result<()> {
        let (path, lost) = (self.path.display(), self.bytes - end);
        if damaged {
            let mut aside = self.path.as_os_str().to_owned();
            aside.push(".damaged");
            std::fs::copy(&self.path, &aside)?;
            tracing::error!(
                %path, from = end, bytes = lost, kept = %Path::new(&aside).display(),
                "the intake's journal is damaged: deliveries from here on are read back from Polar"
            );
        } else {
            tracing::warn!(%path, bytes = lost, "the journal's last write was cut off");
        }
        let file = self.append()?;
        file.set_len(end)?;
        file.sync_all()?;
        self.bytes = end;
        Ok(())
    }
}

/// Between the database's name and a number.
const INFIX: &str = "-intake-";

/// The files beside a database, the oldest first.
pub(super) fn recover(database: &Path) -> io::Result<Vec<Segment>> {
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
    let mut segments = Vec::with_capacity(found.len());
    for (first, path) in found {
        match Segment::recover(path.clone(), first)? {
            Some(segment) => segments.push(segment),
            None => std::fs::remove_file(path)?,
        }
    }
    Ok(segments)
}

fn folder(database: &Path) -> &Path {
    let folder = database.parent().unwrap_or(Path::new("."));
    if folder.as_os_str().is_empty() {
        return Path::new(".");
    }
    folder
}

/// A file's name is on the disk only when its folder is.
fn sync_folder(database: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder(database))?.sync_all()?;
    }
    Ok(())
}

/// The deliveries of a file, one after the other.
#[derive(Debug)]
pub(super) struct Records {
    file: BufReader<File>,
    at: u64,
    end: u64,
}

impl Records {
    /// Where the next one begins.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// The next one. `UnexpectedEof` when the file ends within it, `InvalidData` when it is not what
    /// was written.
    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        if self.at == self.end {
            return Ok(None);
        }
        let mut head = [0; HEAD];
        self.file.read_exact(&mut head)?;
        let (length, checksum) = record::head(&head).ok_or(ErrorKind::InvalidData)?;
        let mut payload = vec![0; length];
        self.file.read_exact(&mut payload)?;
        let record = record::read(payload, checksum).ok_or(ErrorKind::InvalidData)?;
        self.at += bytes(HEAD + length);
        Ok(Some(record))
    }
}

/// A length in memory as one in a file.
pub(super) fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
