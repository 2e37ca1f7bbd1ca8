//! Writes deliveries down: all that wait in one write, and one wait for the disk.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::line::Line;
use super::record;
use super::segment::{Segment, bytes};
use crate::batch::Queue;
use crate::intake::Mail;
use crate::{Error, crash};

/// How long a file grows. Files are deleted as a whole.
const SEGMENT_BYTES: u64 = 64 << 20;
/// What of the buffer is kept from one write to the next.
const BUFFER_BYTES: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Writer {
    database: PathBuf,
    line: Arc<Line>,
    segment: Segment,
    file: File,
    /// Something may stand behind the end of what is known to be on the disk.
    torn: bool,
    buffer: Vec<u8>,
}

impl Writer {
    /// Goes on with the last file, or begins the first. Numbers below `position` are taken already,
    /// even if their file is gone.
    pub(super) fn open(database: &Path, line: Arc<Line>, position: i64) -> io::Result<Self> {
        let (segment, file) = match line.last() {
            Some(last) if last.next >= position => {
                let file = last.append()?;
                (last, file)
            }
            _ => {
                let (segment, file) = Segment::create(database, position)?;
                line.push(segment.clone());
                (segment, file)
            }
        };
        Ok(Self {
            database: database.to_owned(),
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
        if self.segment.bytes >= SEGMENT_BYTES {
            self.next_file()?;
        }
        let mut next = self.segment.next;
        for mail in mails {
            record::write(&mut self.buffer, next, mail);
            next += 1;
        }
        let written = self.write();
        let end = self.segment.bytes + bytes(self.buffer.len());
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
            self.torn = false;
        }
        Ok(())
    }

    fn next_file(&mut self) -> io::Result<()> {
        let (segment, file) = Segment::create(&self.database, self.segment.next)?;
        self.line.push(segment.clone());
        (self.segment, self.file) = (segment, file);
        Ok(())
    }
}
