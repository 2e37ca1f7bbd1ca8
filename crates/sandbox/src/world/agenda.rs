//! What the world still has to do: at once, when things are quiet, or at a date.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Job;
use super::journal::Line;

/// The name of the dated jobs among the journal's tables.
pub(super) const TABLE: &str = "dated";

/// The three queues of work. Background work never runs inside the call that caused it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Agenda {
    soon: VecDeque<Job>,
    /// Debounced work: each job once, after everything in `soon`.
    quiet: VecDeque<Job>,
    in_quiet: HashSet<Job>,
    /// By date, then by the order of planning.
    dated: BTreeMap<Date, Job>,
    dates: HashMap<Job, Vec<Date>>,
    planned: u64,
    /// Dates that were added or taken away since the last time somebody asked.
    changed: BTreeSet<Date>,
}

/// When a job is due, and how many were planned before it.
type Date = (Timestamp, u64);

/// The jobs without a date, as they are saved.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Undated {
    soon: VecDeque<Job>,
    quiet: VecDeque<Job>,
    planned: u64,
}

impl Agenda {
    /// Runs right after the current call, in order.
    pub(crate) fn soon(&mut self, job: Job) {
        self.soon.push_back(job);
    }

    /// Runs once nothing else is waiting, however often it was asked for.
    pub(crate) fn when_quiet(&mut self, job: Job) {
        if self.in_quiet.insert(job.clone()) {
            self.quiet.push_back(job);
        }
    }

    /// Runs when the world reaches `due`.
    pub(crate) fn at(&mut self, due: Timestamp, job: Job) {
        self.planned += 1;
        self.put((due, self.planned), job);
    }

    /// Takes a dated job back, however often it was planned.
    pub(crate) fn cancel(&mut self, job: &Job) {
        for date in self.dates.remove(job).unwrap_or_default() {
            self.dated.remove(&date);
            self.changed.insert(date);
        }
    }

    /// The next job that is due now, or nothing until `next_date`.
    pub(crate) fn take(&mut self, now: Timestamp) -> Option<Job> {
        if let Some(job) = self.soon.pop_front() {
            return Some(job);
        }
        if self.next_date()? > now {
            return None;
        }
        let (date, job) = self.dated.pop_first()?;
        self.changed.insert(date);
        if let Some(dates) = self.dates.get_mut(&job) {
            dates.retain(|other| *other != date);
            if dates.is_empty() {
                self.dates.remove(&job);
            }
        }
        Some(job)
    }

    /// The next piece of quiet work. Ask for it once nothing is due.
    pub(crate) fn take_quiet(&mut self) -> Option<Job> {
        let job = self.quiet.pop_front()?;
        self.in_quiet.remove(&job);
        Some(job)
    }

    /// True when quiet work waits for its moment.
    pub(crate) fn has_quiet(&self) -> bool {
        !self.quiet.is_empty()
    }

    /// When the next dated job falls due.
    pub(crate) fn next_date(&self) -> Option<Timestamp> {
        self.dated.first_key_value().map(|((due, _), _)| *due)
    }

    /// True when nothing could run at `now`.
    pub(crate) fn is_quiet(&self, now: Timestamp) -> bool {
        self.soon.is_empty()
            && self.quiet.is_empty()
            && self.next_date().is_none_or(|due| due > now)
    }

    /// How many jobs wait.
    pub(crate) fn len(&self) -> usize {
        self.soon.len() + self.quiet.len() + self.dated.len()
    }

    fn put(&mut self, date: Date, job: Job) {
        self.dates.entry(job.clone()).or_default().push(date);
        self.dated.insert(date, job);
        self.changed.insert(date);
    }
}

/// Saving: the dated jobs line by line, the others as one.
impl Agenda {
    pub(super) fn undated(&self) -> Undated {
        Undated {
            soon: self.soon.clone(),
            quiet: self.quiet.clone(),
            planned: self.planned,
        }
    }

    pub(super) fn lines(&self, lines: &mut Vec<Line>) {
        let dated = self.dated.iter();
        lines.extend(dated.map(|(date, job)| line(*date, job)));
    }

    pub(super) fn take_changes(&mut self, lines: &mut Vec<Line>) {
        for date in std::mem::take(&mut self.changed) {
            lines.push(match self.dated.get(&date) {
                Some(job) => line(date, job),
                None => Line::gone(TABLE, date.1),
            });
        }
    }

    /// Takes back the jobs without a date.
    pub(super) fn read_undated(&mut self, undated: Undated) {
        self.soon = undated.soon;
        self.in_quiet = undated.quiet.iter().cloned().collect();
        self.quiet = undated.quiet;
        self.planned = undated.planned;
    }

    /// Takes back the dated jobs as they stand after the last line.
    pub(super) fn read_dated(&mut self, dated: BTreeMap<u64, (Timestamp, Job)>) {
        for (planned, (due, job)) in dated {
            self.put((due, planned), job);
        }
        self.changed.clear();
    }
}

fn line((due, planned): Date, job: &Job) -> Line {
    Line::row(TABLE, planned, &Arc::new((due, job.clone())))
}
