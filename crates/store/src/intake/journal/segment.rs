//! One file of the journal, named after the number of its first delivery.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::folder::{self, Owner};
use super::record;
use super::records::{self, Records, is_damage};
use crate::file;

/// Where a file's first record is: after the format and the identity.
pub(super) const BEGIN: u64 = 48;

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

/// What looking through the files may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mending {
    /// What cannot be read is taken out, and kept aside if it may have been acknowledged.
    Allowed,
    /// Nothing: damage is an error.
    Forbidden,
}

impl Segment {
    /// A new file that goes on with this number; it is on the disk, and so is its name.
    pub(super) fn create(database: &Path, identity: &str, first: i64) -> io::Result<(Self, File)> {
        let path = folder::name(database, first);
        let mut file = file::private().open(&path)?;
        if file.metadata()?.len() > BEGIN {
            let words = format!("{} is there already", path.display());
            return Err(io::Error::new(ErrorKind::AlreadyExists, words));
        }
        file.set_len(0)?;
        file.write_all(&folder::mark(identity))?;
        file.sync_all()?;
        folder::sync(database)?;
        let segment = Self {
            path,
            first,
            next: first,
            bytes: BEGIN,
        };
        Ok((segment, file))
    }

    /// Whether no delivery was ever written to it.
    pub(super) fn is_empty(&self) -> bool {
        self.first == self.next
    }

    /// The file, to go on at its end.
    pub(super) fn writable(&self) -> io::Result<File> {
        let mut file = OpenOptions::new().write(true).open(&self.path)?;
        file.seek(SeekFrom::Start(self.bytes))?;
        Ok(file)
    }

    /// Its deliveries, from this byte on, which is behind the one of this number.
    pub(super) fn records(&self, from: u64, after: i64) -> io::Result<Records> {
        Records::open(&self.path, from..self.bytes, after)
    }

    /// All its deliveries.
    pub(super) fn all(&self) -> io::Result<Records> {
        self.records(BEGIN, self.first - 1)
    }

    /// Keeps the file as it was when it was first found damaged.
    pub(super) fn keep_aside(&self) -> io::Result<()> {
        let aside = folder::aside(&self.path, ".damaged");
        tracing::error!(
            path = %self.path.display(),
            kept = %aside.display(),
            "the intake's journal is damaged: what is lost is read back from Polar"
        );
        if aside.exists() {
            return Ok(());
        }
        std::fs::copy(&self.path, &aside)?;
        File::open(&aside)?.sync_all()
    }

    /// Looks through the file: where it ends, was cut off or cannot be read any further. Only the
    /// last file may be cut off without being damaged: what the process was writing when it ended.
    fn recover(&mut self, is_last: bool, mending: Mending) -> io::Result<()> {
        let mut records = self.all()?;
        let fault = loop {
            match records.next() {
                Ok(Some(record)) => self.next = record.number + 1,
                Ok(None) => break None,
                Err(fault) if is_damage(&fault) => break Some(fault.kind()),
                Err(error) => return Err(error),
            }
        };
        let is_torn = is_last && fault == Some(ErrorKind::UnexpectedEof);
        if !records.has_skipped() && (fault.is_none() || is_torn) {
            return self.end_at(records.at(), mending);
        }
        if mending == Mending::Forbidden {
            let words = format!("{} is damaged", self.path.display());
            return Err(io::Error::new(ErrorKind::InvalidData, words));
        }
        self.keep_aside()?;
        self.write_anew()
    }

    /// Puts a file in its place that has what can be read and nothing else.
    fn write_anew(&mut self) -> io::Result<()> {
        let new = folder::aside(&self.path, ".new");
        let mut from = File::open(&self.path)?;
        let mut to = file::private().truncate(true).open(&new)?;
        let mut end = io::copy(&mut Read::by_ref(&mut from).take(BEGIN), &mut to)?;
        let mut records = self.all()?;
        loop {
            match records.next() {
                Ok(Some(record)) => {
                    let mut bytes = Vec::new();
                    record::write(&mut bytes, record.number, &record.mail);
                    to.write_all(&bytes)?;
                    end += records::bytes(bytes.len());
                }
                Ok(None) => break,
                Err(fault) if is_damage(&fault) => break,
                Err(error) => return Err(error),
            }
        }
        to.sync_all()?;
        std::fs::rename(&new, &self.path)?;
        self.bytes = end;
        Ok(())
    }

    fn end_at(&mut self, end: u64, mending: Mending) -> io::Result<()> {
        let lost = self.bytes - end;
        if lost == 0 {
            return Ok(());
        }
        self.bytes = end;
        if mending == Mending::Allowed {
            tracing::warn!(path = %self.path.display(), bytes = lost, "the journal's end is cut off");
            let file = self.writable()?;
            file.set_len(end)?;
            file.sync_all()?;
        }
        Ok(())
    }
}

/// The files beside a database, the oldest first. Those of another database are set aside.
pub(super) fn recover(
    database: &Path,
    identity: &str,
    mending: Mending,
) -> io::Result<Vec<Segment>> {
    let mut segments = Vec::new();
    for (first, path) in folder::found(database)? {
        match folder::owner(&path, identity)? {
            Owner::Ours => segments.push(Segment {
                bytes: std::fs::metadata(&path)?.len(),
                path,
                first,
                next: first,
            }),
            Owner::Unborn | Owner::Other if mending == Mending::Forbidden => {}
            Owner::Unborn => std::fs::remove_file(path)?,
            Owner::Other => {
                let aside = folder::aside(&path, ".other");
                std::fs::rename(&path, &aside)?;
                let (path, kept) = (path.display(), aside.display());
                tracing::error!(%path, %kept, "a journal of another database lies here and is not read");
            }
        }
    }
    let last = segments.len().saturating_sub(1);
    for (index, segment) in segments.iter_mut().enumerate() {
        segment.recover(index == last, mending)?;
    }
    if mending == Mending::Allowed {
        folder::sync(database)?;
    }
    Ok(segments)
}
