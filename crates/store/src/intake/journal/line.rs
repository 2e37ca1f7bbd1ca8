//! Which files there are and how far each is on the disk: what the writer tells the reader.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::segment::{self, Mending, Segment};

/// The files, the oldest first; the last one grows.
#[derive(Debug)]
pub(super) struct Line {
    segments: Mutex<VecDeque<Segment>>,
    /// Number of the first delivery that is not yet taken for good.
    taken: AtomicI64,
}

impl Line {
    /// What an earlier process left, of which all before `position` is taken.
    pub(super) fn recover(
        database: &Path,
        identity: &str,
        position: i64,
        mending: Mending,
    ) -> io::Result<Self> {
        let segments = segment::recover(database, identity, mending)?;
        Ok(Self {
            segments: Mutex::new(segments.into()),
            taken: AtomicI64::new(position),
        })
    }

    /// The number the next delivery gets.
    pub(super) fn next(&self) -> i64 {
        self.segments().back().map_or(0, |last| last.next)
    }

    /// The file that grows, unless there is none.
    pub(super) fn last(&self) -> Option<Segment> {
        self.segments().back().cloned()
    }

    /// Length of all files.
    pub(super) fn bytes(&self) -> u64 {
        self.segments().iter().map(|segment| segment.bytes).sum()
    }

    /// Whether all there is was taken for good.
    pub(super) fn is_taken(&self) -> bool {
        self.taken.load(Ordering::Relaxed) >= self.next()
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

    /// What comes before this number is taken for good.
    pub(super) fn took_all_before(&self, number: i64) {
        self.taken.store(number, Ordering::Relaxed);
    }

    /// The same; deletes the files with nothing else, but for the one that grows. One that cannot be
    /// deleted keeps nobody from reading on.
    pub(super) fn forget_before(&self, number: i64) {
        self.took_all_before(number);
        let mut segments = self.segments();
        while segments.len() > 1
            && let Some(oldest) = segments.front()
            && oldest.next <= number
        {
            match std::fs::remove_file(&oldest.path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    let path = oldest.path.display();
                    tracing::warn!(%path, %error, "a journal that is read cannot be deleted");
                }
                _ => {}
            }
            segments.pop_front();
        }
    }

    fn segments(&self) -> MutexGuard<'_, VecDeque<Segment>> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
