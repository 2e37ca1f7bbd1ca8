//! What waits, and what became of the rest: one lock around both, so that a count taken at any
//! instant adds up. The lock is held for a few moves of memory, never across a wait.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use polarkit_model::EventCreate;
use tokio::{sync::Notify, time::Instant};

use super::{UsageTally, builder::Limits};

/// The events between those who track and the one who delivers.
#[derive(Debug)]
pub(super) struct Queue {
    limits: Limits,
    state: Mutex<State>,
    /// Something for the deliverer to look at.
    woken: Notify,
    /// The deliverer is to let go of everything.
    stopped: Notify,
    /// Nobody is left who could track or wait.
    orphaned: Notify,
    /// Something was settled; for those who wait in a task, and in a thread.
    settled: Notify,
    settled_in_thread: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    /// Taken by the deliverer and not settled.
    taken: usize,
    taken_bytes: usize,
    tally: UsageTally,
    /// Somebody waits for what was accepted up to here.
    wanted: u64,
    closed: bool,
    ended: bool,
    full: bool,
}

/// An event that was accepted.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) event: EventCreate,
    /// As JSON.
    pub(super) bytes: usize,
    pub(super) since: Instant,
}

/// What the deliverer should do.
pub(super) enum Due {
    /// Deliver this.
    Batch(Vec<Waiting>),
    /// Look again then, or when woken.
    At(Instant),
    /// Look again when woken.
    Idle,
    /// Nothing will come any more.
    Over,
}

/// Whether there was room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed {
    Accepted,
    /// `first` of those that found no room since there last was some.
    Full {
        first: bool,
    },
    Closed,
}

impl Queue {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: Mutex::default(),
            woken: Notify::new(),
            stopped: Notify::new(),
            orphaned: Notify::new(),
            settled: Notify::new(),
            settled_in_thread: Condvar::new(),
        }
    }

    /// A poisoned lock still holds whole counts: nothing that can panic stands between two of them.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, event: EventCreate, bytes: usize) -> Pushed {
        let waiting = Waiting {
            event,
            bytes,
            since: Instant::now(),
        };
        let mut state = self.state();
        if state.closed {
            state.tally.dropped += 1;
            return Pushed::Closed;
        }
        if state.has_no_room(&self.limits, bytes) {
            state.tally.dropped += 1;
            let first = !std::mem::replace(&mut state.full, true);
            return Pushed::Full { first };
        }
        state.waiting.push_back(waiting);
        state.waiting_bytes += bytes;
        state.tally.accepted += 1;
        let wake = state.waiting.len() == 1 || state.fills_a_batch(&self.limits);
        drop(state);
        if wake {
            self.woken.notify_one();
        }
        Pushed::Accepted
    }

    /// Counts an event that could never be delivered.
    pub(super) fn refuse(&self) {
        self.state().tally.refused += 1;
    }

    pub(super) fn tally(&self) -> UsageTally {
        let state = self.state();
        let pending = state.waiting.len() + state.taken;
        UsageTally {
            pending: u64::try_from(pending).unwrap_or(u64::MAX),
            ..state.tally
        }
    }

    /// Takes no more. What waits is due at once.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.woken.notify_one();
    }

    pub(super) fn orphan(&self) {
        self.close();
        self.orphaned.notify_one();
    }

    pub(super) fn stop(&self) {
        self.stopped.notify_one();
    }

    /// Makes everything accepted so far due at once; gives the mark to wait for.
    pub(super) fn hurry(&self) -> u64 {
        let mut state = self.state();
        state.wanted = state.tally.accepted;
        let mark = state.wanted;
        drop(state);
        self.woken.notify_one();
        mark
    }

    /// How many up to the mark are still on their way.
    pub(super) fn left(&self, mark: u64) -> u64 {
        mark.saturating_sub(self.state().settled())
    }

    /// Until `done` holds.
    pub(super) async fn wait(&self, done: impl Fn(&Self) -> bool) {
        loop {
            let settled = self.settled.notified(); // from here on no notice is missed
            if done(self) {
                return;
            }
            settled.await;
        }
    }

    /// Until `done` holds or time is up; blocks the thread.
    pub(super) fn wait_in_thread(&self, at_most: Duration, done: impl Fn(u64, bool) -> bool) {
        let state = self.state();
        let waits = |state: &mut State| !done(state.settled(), state.ended);
        drop(
            self.settled_in_thread
                .wait_timeout_while(state, at_most, waits),
        );
    }

    /// Whether the deliverer is gone.
    pub(super) fn has_ended(&self) -> bool {
        self.state().ended
    }
}

/// The deliverer's side.
impl Queue {
    pub(super) fn next(&self) -> Due {
        let mut state = self.state();
        let Some(oldest) = state.waiting.front() else {
            return if state.closed { Due::Over } else { Due::Idle };
        };
        let due_at = oldest.since.checked_add(self.limits.batch_age);
        let is_due = state.is_hurried()
            || state.fills_a_batch(&self.limits)
            || due_at.is_some_and(|due_at| due_at <= Instant::now());
        if is_due {
            return Due::Batch(state.take(&self.limits));
        }
        due_at.map_or(Due::Idle, Due::At)
    }

    pub(super) async fn woken(&self) {
        self.woken.notified().await;
    }

    pub(super) async fn stopped(&self) {
        self.stopped.notified().await;
    }

    pub(super) async fn orphaned(&self) {
        self.orphaned.notified().await;
    }

    /// Whether somebody waits for what is on its way.
    pub(super) fn is_hurried(&self) -> bool {
        self.state().is_hurried()
    }

    /// Polar has these; some it had before.
    pub(super) fn delivered(&self, events: &[Waiting], duplicates: u64) {
        let mut state = self.state();
        let count = state.give_back(events);
        state.tally.delivered += count;
        state.tally.duplicates += duplicates.min(count);
        drop(state);
        self.tell();
    }

    /// Polar will never have these.
    pub(super) fn failed(&self, events: &[Waiting]) {
        let mut state = self.state();
        state.tally.failed += state.give_back(events);
        drop(state);
        self.tell();
    }

    /// The deliverer goes; gives it what is left.
    pub(super) fn end(&self) -> Vec<Waiting> {
        let mut state = self.state();
        (state.closed, state.ended) = (true, true);
        let left: Vec<_> = state.waiting.drain(..).collect();
        state.taken += left.len();
        state.taken_bytes += std::mem::take(&mut state.waiting_bytes);
        drop(state);
        self.tell();
        left
    }

    fn tell(&self) {
        self.settled.notify_waiters();
        self.settled_in_thread.notify_all();
    }
}

impl State {
    fn settled(&self) -> u64 {
        self.tally.delivered + self.tally.failed
    }

    fn is_hurried(&self) -> bool {
        self.closed || self.settled() < self.wanted
    }

    fn has_no_room(&self, limits: &Limits, bytes: usize) -> bool {
        self.waiting.len() + self.taken >= limits.events
            || self.waiting_bytes + self.taken_bytes + bytes > limits.bytes
    }

    fn fills_a_batch(&self, limits: &Limits) -> bool {
        self.waiting.len() >= limits.batch_events || self.waiting_bytes >= limits.batch_bytes
    }

    /// The oldest that fit in one batch; at least one.
    fn take(&mut self, limits: &Limits) -> Vec<Waiting> {
        let (mut count, mut bytes) = (0, 0);
        for waiting in self.waiting.iter().take(limits.batch_events.max(1)) {
            if count > 0 && bytes + waiting.bytes > limits.batch_bytes {
                break;
            }
            count += 1;
            bytes += waiting.bytes;
        }
        self.taken += count;
        self.taken_bytes += bytes;
        self.waiting_bytes = self.waiting_bytes.saturating_sub(bytes);
        self.waiting.drain(..count).collect()
    }

    fn give_back(&mut self, events: &[Waiting]) -> u64 {
        let bytes = events.iter().map(|waiting| waiting.bytes).sum();
        self.taken = self.taken.saturating_sub(events.len());
        self.taken_bytes = self.taken_bytes.saturating_sub(bytes);
        self.full = false;
        u64::try_from(events.len()).unwrap_or(u64::MAX)
    }
}
