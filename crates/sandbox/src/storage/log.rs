//! The log: a checksum and a line of JSON, for each thing that stands or stood so; after each set of
//! changes that belong together a line that says they are all there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use super::read::Read;
use super::{DRAFT, FORMAT, LOG};
use crate::world::Line;

/// The line a log begins with: `["format",2,null]`.
pub(super) const HEADER: &str = "format";
/// The line a set of changes ends with: its number, and how many lines it has.
pub(super) const SAVED: &str = "saved";
/// A log begins anew when it is so many times as long as the world it began with…
const GROWTH_MAX: u64 = 2;
/// …and so many bytes longer.
const GROWTH_MIN_BYTES: u64 = 16 * 1024 * 1024;

/// An open log, at its end.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    bytes: u64,
    /// How long it was when it held nothing but the world.
    bytes_at_first: u64,
    /// How many sets of changes it holds after the world.
    saved: u64,
}

impl Log {
    /// A new log that holds these lines, in the place of the old one.
    pub(super) fn begin(folder: &Path, lines: &[Line]) -> io::Result<Self> {
        let draft = folder.join(DRAFT);
        let file = File::create(&draft)?;
        let mut out = Counting {
            out: BufWriter::new(file),
            bytes: 0,
        };
        out.line(format!("[\"{HEADER}\",{FORMAT},null]").as_bytes())?;
        out.lines(lines)?;
        out.line(saved(0, lines.len()).as_bytes())?;
        let bytes = out.bytes;
        let file = out.out.into_inner()?;
        file.sync_all()?;
        fs::rename(&draft, folder.join(LOG))?;
        // The new name lasts only once the folder itself is on disk.
        File::open(folder)?.sync_all()?;
        Ok(Self {
            file,
            bytes,
            bytes_at_first: bytes,
            saved: 0,
        })
    }

    /// The log that was read, without its torn end.
    pub(super) fn resume(path: &Path, read: &Read) -> io::Result<Self> {
        let mut file = OpenOptions::new().write(true).open(path)?;
        if read.torn_bytes.is_some() {
            file.set_len(read.bytes)?;
            file.sync_all()?;
        }
        file.seek(SeekFrom::Start(read.bytes))?;
        Ok(Self {
            file,
            bytes: read.bytes,
            bytes_at_first: read.bytes_at_first,
            saved: read.saved,
        })
    }

    /// Adds a set of changes and waits until the disk has it.
    pub(super) fn append(&mut self, lines: &[Line]) -> io::Result<()> {
        let mut out = Counting {
            out: BufWriter::new(&mut self.file),
            bytes: 0,
        };
        out.lines(lines)?;
        out.line(saved(self.saved + 1, lines.len()).as_bytes())?;
        out.out.flush()?;
        let bytes = out.bytes;
        drop(out);
        self.file.sync_data()?;
        self.bytes += bytes;
        self.saved += 1;
        Ok(())
    }

    /// True when most of it is history.
    pub(super) const fn is_too_long(&self) -> bool {
        self.bytes > self.bytes_at_first.saturating_mul(GROWTH_MAX)
            && self.bytes > self.bytes_at_first.saturating_add(GROWTH_MIN_BYTES)
    }
}

fn saved(number: u64, lines: usize) -> String {
    format!("[\"{SAVED}\",{number},{lines}]")
}

struct Counting<W: Write> {
    out: W,
    bytes: u64,
}

impl<W: Write> Counting<W> {
    fn lines(&mut self, lines: &[Line]) -> io::Result<()> {
        let mut text = Vec::new();
        for line in lines {
            text.clear();
            line.write(&mut text)?;
            self.line(&text)?;
        }
        Ok(())
    }

    fn line(&mut self, text: &[u8]) -> io::Result<()> {
        let sum = format!("{:08x} ", crc32fast::hash(text));
        for part in [sum.as_bytes(), text, b"\n"] {
            self.out.write_all(part)?;
            self.bytes += u64::try_from(part.len()).unwrap_or_default();
        }
        Ok(())
    }
}
