//! Which files there are and how far each is on the disk: what the writer tells the reader.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::segment::{self, Segment};

/// The files, the oldest first; the last one grows.
#[derive(Debug)]
pub(super) struct Line(Mutex<VecDeque<Segment>>);

impl Line {
    /// What an earlier process left.
    pub(super) fn recover(database: &Path) -> io::Result<Self> {
        Ok(Self(Mutex::new(segment::recover(database)?.into())))
    }

    /// The number the next delivery gets.
    pub(super) fn next(&self) -> i64 {
        self.segments().back().map_or(0, |last| last.next)
    }

    /// The file that grows, unless there is none.
    pub(super) fn last(&self) -> Option<Segment> {
        self.segments().back().cloned()
    }

    /// From now on this file grows.
    pub(super) fn push(&self, segment: Segment) {
        self.segments().push_back(segment);
    }

    /// The last file is so long on the disk, and has what comes before this number.
    pub(super) fn grew(&self, bytes: u64, next: i64) {
        if let Some(last) = self.segments().back_mut() {
            (last.bytes, last.next) = (bytes, next);
        }
    }

    /// The file with the first delivery of this number or a later one.
    pub(super) fn holding(&self, number: i64) -> Option<Segment> {
        let segments = self.segments();
        segments.iter().find(|one| one.next > number).cloned()
    }

    /// Deletes the files with nothing from this number on, but for the one that grows.
    pub(super) fn forget_before(&self, number: i64) -> io::Result<()> {
        let mut segments = self.segments();
        while segments.len() > 1
            && let Some(oldest) = segments.front()
            && oldest.next <= number
        {
            std::fs::remove_file(&oldest.path)?;
            segments.pop_front();
        }
        Ok(())
    }

    fn segments(&self) -> MutexGuard<'_, VecDeque<Segment>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
