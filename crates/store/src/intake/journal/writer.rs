//! Writes deliveries down: all that wait in one write, and one wait for the disk.

use std::fs::File;
use std::io::{self, ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::line::Line;
use super::record;
use super::records;
use super::segment::Segment;
use crate::batch::Queue;
use crate::intake::Mail;
use crate::{Error, crash};

/// How long a file grows. Files are deleted as a whole.
const SEGMENT_BYTES: u64 = 64 << 20;
/// How long one grows of which all is taken already: what was taken does not stay for long.
const TAKEN_BYTES: u64 = 256 << 10;
/// How long all files may be together, some two million webhooks: more are refused.
const JOURNAL_BYTES_MAX: u64 = 8 << 30;
/// What of the buffer is kept from one write to the next.
const BUFFER_BYTES: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Writer {
    database: PathBuf,
    identity: String,
    line: Arc<Line>,
    segment: Segment,
    file: File,
    /// Something may stand behind the end of what is known to be on the disk.
    torn: bool,
    buffer: Vec<u8>,
}

impl Writer {
    /// Goes on with the last file, or begins another when all of it is taken. Numbers below
    /// `position` are taken, even if their file is gone.
    pub(super) fn open(
        database: &Path,
        identity: String,
        line: Arc<Line>,
        position: i64,
    ) -> io::Result<Self> {
        let (segment, file) = match line.last() {
            Some(last) if last.next > position || (last.next == position && last.is_empty()) => {
                let file = last.writable()?;
                (last, file)
            }
            last => {
                let next = last.map_or(position, |last| last.next.max(position));
                let (segment, file) = Segment::create(database, &identity, next)?;
                line.push(segment.clone());
                (segment, file)
            }
        };
        Ok(Self {
            database: database.to_owned(),
            identity,
            line,
            segment,
            file,
            torn: false,
            buffer: Vec::new(),
        })
    }

    /// Writes until the queue is closed and empty. The callers are answered from the runtime: to wake
    /// each of them from another thread would cost more than its write.
    pub(super) async fn run(mut self, mut queue: Queue<Mail, ()>) {
        while let Some(group) = queue.next().await {
            let written = tokio::task::spawn_blocking(move || {
                let outcome = self.append(&group.rows);
                (self, group, outcome)
            });
            let Ok((writer, group, outcome)) = written.await else {
                return; // the runtime ends, or a bug: whoever waits hears that the store is closed
            };
            self = writer;
            let rows = group.rows.len();
            match outcome {
                Ok(()) => group.done(vec![(); rows]),
                Err(error) => {
                    tracing::error!(rows, %error, "the journal failed");
                    group.failed(&Error::journal(error));
                }
            }
        }
    }

    /// Returns once all of them are on the disk, or none is.
    fn append(&mut self, mails: &[Mail]) -> io::Result<()> {
        self.mend()?;
        let bytes = self.segment.bytes;
        if bytes >= SEGMENT_BYTES || (bytes >= TAKEN_BYTES && self.line.is_taken()) {
            self.next_file()?;
        }
        let mut next = self.segment.next;
        for mail in mails {
            record::write(&mut self.buffer, next, mail);
            next += 1;
        }
        let written = self.write();
        let end = self.segment.bytes + records::bytes(self.buffer.len());
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER_BYTES);
        if let Err(error) = written {
            // Room is made at once where there is none; else it is tried again before the next.
            if let Err(error) = self.mend() {
                tracing::error!(%error, "what was written in part cannot be taken back yet");
            }
            return Err(error);
        }
        (self.segment.bytes, self.segment.next) = (end, next);
        self.line.grew(end, next);
        Ok(())
    }

    fn write(&mut self) -> io::Result<()> {
        self.torn = true;
        self.file.write_all(&self.buffer)?;
        crash::point("intake.inserted");
        self.file.sync_data()?;
        self.torn = false;
        crash::point("intake.committed");
        Ok(())
    }

    /// Takes back what an earlier write left behind when it failed.
    fn mend(&mut self) -> io::Result<()> {
        if self.torn {
            self.file.set_len(self.segment.bytes)?;
            self.file.seek(SeekFrom::Start(self.segment.bytes))?;
            self.torn = false;
        }
        Ok(())
    }

    fn next_file(&mut self) -> io::Result<()> {
        if self.line.bytes() >= JOURNAL_BYTES_MAX {
            return Err(ErrorKind::QuotaExceeded.into());
        }
        let (segment, file) = Segment::create(&self.database, &self.identity, self.segment.next)?;
        self.line.push(segment.clone());
        (self.segment, self.file) = (segment, file);
        Ok(())
    }
}
