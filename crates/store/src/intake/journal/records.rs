//! The deliveries of a file, one after the other, across what is damaged.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::Path;

use super::record::{self, HEAD, Record};

/// How much is read from the file at once.
const BUFFER_BYTES: usize = 64 << 10;
/// Numbers that damage may have swallowed: none beyond is believed.
const GAP_MAX: i64 = 1 << 20;

#[derive(Debug)]
pub(super) struct Records {
    file: BufReader<File>,
    at: u64,
    end: u64,
    /// Number of the last one.
    last: i64,
    skipped: bool,
}

impl Records {
    /// Those within these bytes, of which the first comes after this number.
    pub(super) fn open(path: &Path, within: Range<u64>, after: i64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(within.start))?;
        Ok(Self {
            file: BufReader::with_capacity(BUFFER_BYTES, file),
            at: within.start,
            end: within.end,
            last: after,
            skipped: false,
        })
    }

    /// Where the next one begins.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Whether there was something between them that is none.
    pub(super) fn has_skipped(&self) -> bool {
        self.skipped
    }

    /// The next one. `UnexpectedEof` when the file ends within it, `InvalidData` when it is not what
    /// was written, and no other follows.
    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        if self.at >= self.end {
            return Ok(None);
        }
        let (record, length) = match self.read() {
            Ok(read) => read,
            Err(fault) if is_damage(&fault) => self.skip(fault)?,
            Err(error) => return Err(error),
        };
        self.last = record.number;
        self.at += bytes(length);
        Ok(Some(record))
    }

    fn read(&mut self) -> io::Result<(Record, usize)> {
        let mut head = [0; HEAD];
        self.file.read_exact(&mut head)?;
        let (length, checksum) = record::head(&head).ok_or(ErrorKind::InvalidData)?;
        if self.at + bytes(HEAD + length) > self.end {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let mut payload = vec![0; length];
        self.file.read_exact(&mut payload)?;
        let record = record::read(payload, checksum).filter(|record| self.follows(record.number));
        Ok((record.ok_or(ErrorKind::InvalidData)?, HEAD + length))
    }

    /// Finds the next one behind what cannot be read, and goes on from there.
    fn skip(&mut self, fault: io::Error) -> io::Result<(Record, usize)> {
        self.file.seek(SeekFrom::Start(self.at))?;
        let mut rest = Vec::new();
        let length = self.end - self.at;
        self.file.by_ref().take(length).read_to_end(&mut rest)?;
        let starts = (1..rest.len()).filter_map(|start| Some((start, rest.get(start..)?)));
        let mut found = starts.filter_map(|(start, bytes)| Some((start, self.record_in(bytes)?)));
        let Some((start, found)) = found.next() else {
            return Err(fault);
        };
        self.skipped = true;
        self.at += bytes(start);
        self.file.seek(SeekFrom::Start(self.at + bytes(found.1)))?;
        Ok(found)
    }

    /// The record these bytes begin with. Its number is looked at first: hardly any other bytes have
    /// one that fits, and a checksum is dear.
    fn record_in(&self, bytes: &[u8]) -> Option<(Record, usize)> {
        let (head, rest) = bytes.split_at_checked(HEAD)?;
        let (length, checksum) = record::head(head)?;
        let payload = rest.get(..length)?;
        let number = i64::from_le_bytes(*payload.first_chunk()?);
        if !self.follows(number) {
            return None;
        }
        let record = record::read(payload.to_vec(), checksum)?;
        Some((record, HEAD + length))
    }

    fn follows(&self, number: i64) -> bool {
        number > self.last && number - self.last <= GAP_MAX
    }
}

/// Whether the bytes are not what was written; else they could not be had.
pub(super) fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData
    )
}

/// A length in memory as one in a file.
pub(super) fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
