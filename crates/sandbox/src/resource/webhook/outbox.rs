//! Attempts still to be made, and which of them may start now.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Endpoint, Message};
use crate::world::{Id, Line};

/// The name of the outbox among the journal's tables.
pub(crate) const TABLE: &str = "outbox";
/// A first attempt lets later ones pass once it has been due for so long.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);
/// Attempts on their way to one endpoint at one time: one that hangs leaves room for the others.
const OF_ENDPOINT_MAX: usize = 16;
/// Attempts that may wait. What happens beyond that is not told any more.
const WAITING_MAX: usize = 200_000;

/// Every attempt still to be made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox {
    /// Those that wait, soonest first, in queues that do not wait for each other.
    queues: BTreeMap<Queue, BTreeMap<Turn, Attempt>>,
    /// Those on their way. After a restart they are sent again: receivers know them by their id.
    in_flight: BTreeMap<Turn, Attempt>,
    /// How many attempts each message has in here.
    messages: HashMap<Id<Message>, usize>,
    planned: u64,
    /// Turns that were added or are over since the last time somebody asked.
    changed: BTreeSet<Turn>,
}

/// An endpoint, and whether the attempts keep their order.
type Queue = (Id<Endpoint>, bool);

/// When an attempt is due, and how many were planned before it.
pub(crate) type Turn = (Timestamp, u64);

/// One attempt to make.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(super) message: Id<Message>,
    pub(super) endpoint: Id<Endpoint>,
    /// Somebody asked for it, although the message may have arrived already.
    #[serde(default)]
    pub(super) redelivery: bool,
    /// Whether later messages of the endpoint wait for this attempt.
    pub(super) in_line: bool,
}

/// An attempt as it is saved: with its date.
pub(crate) type Saved = (Timestamp, Attempt);

impl Attempt {
    const fn queue(&self) -> Queue {
        (self.endpoint, self.in_line)
    }
}

impl Outbox {
    /// False when so much waits already that nothing more is taken.
    pub(super) fn has_room(&self) -> bool {
        self.messages.len() < WAITING_MAX
    }

    /// Plans an attempt.
    pub(super) fn add(&mut self, due: Timestamp, attempt: Attempt) {
        self.planned += 1;
        self.put((due, self.planned), attempt);
    }

    /// Starts the next attempt that may start now. A first attempt waits for those before it at the same
    /// endpoint, so first attempts arrive in order; retries arrive when they arrive.
    pub(super) fn start(&mut self, now: Timestamp) -> Option<(Turn, Attempt)> {
        let heads = self.queues.iter().filter_map(|(queue, turns)| {
            let (turn, _) = turns.first_key_value()?;
            (turn.0 <= now && self.is_free(*queue, *turn, now)).then_some((*turn, *queue))
        });
        let (turn, queue) = heads.min()?;
        let turns = self.queues.get_mut(&queue)?;
        let attempt = turns.remove(&turn)?;
        if turns.is_empty() {
            self.queues.remove(&queue);
        }
        self.in_flight.insert(turn, attempt);
        Some((turn, attempt))
    }

    /// True when nothing under way keeps the head of a queue from starting.
    fn is_free(&self, (endpoint, in_line): Queue, turn: Turn, now: Timestamp) -> bool {
        let fresh = |turn: &Turn| now.duration_since(turn.0) < PATIENCE;
        let mut flying = 0;
        for (other, attempt) in &self.in_flight {
            if attempt.endpoint == endpoint {
                flying += 1;
                if in_line && fresh(&turn) && attempt.in_line && fresh(other) {
                    return false;
                }
            }
        }
        flying < OF_ENDPOINT_MAX
    }

    /// An attempt is over.
    pub(super) fn end(&mut self, turn: Turn) -> Option<Attempt> {
        let attempt = self.in_flight.remove(&turn)?;
        self.forget(turn, &attempt);
        Some(attempt)
    }

    /// Gives up what waits for an endpoint.
    pub(super) fn give_up(&mut self, endpoint: Id<Endpoint>) {
        for in_line in [true, false] {
            for (turn, attempt) in self.queues.remove(&(endpoint, in_line)).unwrap_or_default() {
                self.forget(turn, &attempt);
            }
        }
    }

    /// Messages with an attempt that waits or is under way.
    pub(super) fn messages(&self) -> usize {
        self.messages.len()
    }

    /// True while an attempt of the message waits or is under way.
    pub(super) fn holds(&self, message: Id<Message>) -> bool {
        self.messages.contains_key(&message)
    }

    /// Forgets what is on its way: it will be sent again.
    pub(crate) fn call_back(&mut self) {
        for (turn, attempt) in std::mem::take(&mut self.in_flight) {
            let queue = self.queues.entry(attempt.queue()).or_default();
            queue.insert(turn, attempt);
        }
    }

    /// Attempts on their way.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// True when an attempt is on its way or should be.
    pub(crate) fn is_busy(&self, now: Timestamp) -> bool {
        !self.in_flight.is_empty() || self.next_date().is_some_and(|due| due <= now)
    }

    /// When the next attempt that is not under way falls due.
    pub(crate) fn next_date(&self) -> Option<Timestamp> {
        let heads = self.queues.values();
        heads
            .filter_map(|turns| turns.first_key_value())
            .map(|((due, _), _)| *due)
            .min()
    }

    fn put(&mut self, turn: Turn, attempt: Attempt) {
        let queue = self.queues.entry(attempt.queue()).or_default();
        queue.insert(turn, attempt);
        *self.messages.entry(attempt.message).or_default() += 1;
        self.changed.insert(turn);
    }

    fn forget(&mut self, turn: Turn, attempt: &Attempt) {
        self.changed.insert(turn);
        if let Some(count) = self.messages.get_mut(&attempt.message) {
            *count -= 1;
            if *count == 0 {
                self.messages.remove(&attempt.message);
            }
        }
    }
}

/// Saving.
impl Outbox {
    /// How many attempts were ever planned.
    pub(crate) const fn planned(&self) -> u64 {
        self.planned
    }

    /// Every attempt.
    pub(crate) fn lines(&self, lines: &mut Vec<Line>) {
        let waiting = self.queues.values().flatten();
        let all = waiting.chain(&self.in_flight);
        lines.extend(all.map(|(turn, attempt)| line(*turn, *attempt)));
    }

    /// What was added and what is over since this was called last.
    pub(crate) fn take_changes(&mut self, lines: &mut Vec<Line>) {
        for turn in std::mem::take(&mut self.changed) {
            let waiting = self.queues.values().find_map(|turns| turns.get(&turn));
            let attempt = waiting.or_else(|| self.in_flight.get(&turn));
            lines.push(match attempt {
                Some(attempt) => line(turn, *attempt),
                None => Line::gone(TABLE, turn.1),
            });
        }
    }

    /// Takes back the number of attempts planned.
    pub(crate) fn read_planned(&mut self, planned: u64) {
        self.planned = planned;
    }

    /// Takes back the attempts.
    pub(crate) fn read_attempts(&mut self, attempts: BTreeMap<u64, Saved>) {
        for (planned, (due, attempt)) in attempts {
            self.put((due, planned), attempt);
        }
        self.changed.clear();
    }
}

fn line((due, planned): Turn, attempt: Attempt) -> Line {
    Line::row(TABLE, planned, &Arc::new((due, attempt)))
}
