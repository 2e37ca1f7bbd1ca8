//! What the world still has to do: at once, when things are quiet, or at a date.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Job;

/// The three queues of work. Background work never runs inside the call that caused it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Agenda {
    soon: VecDeque<Job>,
    /// Debounced work: each job once, after everything in `soon`.
    quiet: VecDeque<Job>,
    /// Keyed by date, then by the order of planning. A list, because JSON keys are texts.
    dated: Vec<(Timestamp, u64, Job)>,
    planned: u64,
}

impl Agenda {
    /// Runs right after the current call, in order.
    pub(crate) fn soon(&mut self, job: Job) {
        self.soon.push_back(job);
    }

    /// Runs once nothing else is waiting, however often it was asked for.
    pub(crate) fn when_quiet(&mut self, job: Job) {
        if !self.quiet.contains(&job) {
            self.quiet.push_back(job);
        }
    }

    /// Runs when the world reaches `due`.
    pub(crate) fn at(&mut self, due: Timestamp, job: Job) {
        self.planned += 1;
        let key = (due, self.planned);
        let place = self
            .dated
            .partition_point(|(due, planned, _)| (*due, *planned) < key);
        self.dated.insert(place, (due, self.planned, job));
    }

    /// Takes back every dated job that `unwanted` recognises.
    pub(crate) fn cancel(&mut self, unwanted: impl Fn(&Job) -> bool) {
        self.dated.retain(|(_, _, job)| !unwanted(job));
    }

    /// The next job that is due now, or nothing until `next_date`.
    pub(crate) fn take(&mut self, now: Timestamp) -> Option<Job> {
        if let Some(job) = self.soon.pop_front() {
            return Some(job);
        }
        if self.next_date().is_some_and(|due| due <= now) {
            return Some(self.dated.remove(0).2);
        }
        None
    }

    /// The next piece of quiet work. Ask for it once nothing is due.
    pub(crate) fn take_quiet(&mut self) -> Option<Job> {
        self.quiet.pop_front()
    }

    /// True when quiet work waits for its moment.
    pub(crate) fn has_quiet(&self) -> bool {
        !self.quiet.is_empty()
    }

    /// When the next dated job falls due.
    pub(crate) fn next_date(&self) -> Option<Timestamp> {
        self.dated.first().map(|(due, _, _)| *due)
    }

    /// True when nothing could run at `now`.
    pub(crate) fn is_quiet(&self, now: Timestamp) -> bool {
        self.soon.is_empty()
            && self.quiet.is_empty()
            && self.next_date().is_none_or(|due| due > now)
    }

    /// How many jobs wait, by kind of queue: soon, quiet, dated.
    pub(crate) fn sizes(&self) -> BTreeMap<&'static str, usize> {
        [
            ("soon", self.soon.len()),
            ("quiet", self.quiet.len()),
            ("dated", self.dated.len()),
        ]
        .into()
    }
}
