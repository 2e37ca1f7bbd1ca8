//! Attempts still to be made: which may start now, and what follows from how they end.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Delivery, Endpoint, Message};
use crate::world::{Id, World};

/// Attempts before a message has failed for good.
const ATTEMPTS_MAX: u32 = 10;
/// So many failed messages in a row switch an endpoint off.
const FAILURES_MAX: usize = 10;
/// Longer pauses become a random one between half of this and this.
const PAUSE_MAX_MS: i64 = 20 * 60 * 1000;
/// A first attempt lets later ones pass once it has been due for so long.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);
/// When there are more messages than this, the oldest are forgotten.
const MESSAGES_MAX: usize = 5_000;
/// How many are forgotten at a time.
const FORGOTTEN: usize = 500;
/// Answers are kept up to so many characters.
const RESPONSE_CHARS: usize = 2048;

/// Every attempt still to be made, soonest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Outbox(Vec<Pending>);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Pending {
    due: Timestamp,
    message: Id<Message>,
    endpoint: Id<Endpoint>,
    /// Attempts already made in this round.
    made: u32,
    /// Whether later messages of the endpoint wait for this attempt.
    in_line: bool,
    /// Being sent. After a restart it is sent again: receivers know it by its id.
    #[serde(skip)]
    in_flight: bool,
}

/// What one attempt needs to know.
#[derive(Debug, Clone)]
pub(crate) struct Shipment {
    pub(crate) message: Id<Message>,
    pub(crate) url: String,
    pub(crate) secret: String,
    pub(crate) body: String,
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// Absent when nothing answered.
    pub(crate) http_code: Option<u16>,
    /// What was answered, or why nothing was.
    pub(crate) response: String,
}

impl Outbox {
    /// A message's first attempt: it keeps its place in the endpoint's line.
    pub(super) fn add(&mut self, due: Timestamp, message: Id<Message>, endpoint: Id<Endpoint>) {
        self.plan(Pending {
            due,
            message,
            endpoint,
            made: 0,
            in_line: true,
            in_flight: false,
        });
    }

    /// A new round for a message that had its turn.
    pub(super) fn add_again(&mut self, due: Timestamp, id: Id<Message>, endpoint: Id<Endpoint>) {
        self.plan(Pending {
            due,
            message: id,
            endpoint,
            made: 0,
            in_line: false,
            in_flight: false,
        });
    }

    /// Forgets what is on its way: it will be sent again.
    pub(crate) fn call_back(&mut self) {
        for pending in &mut self.0 {
            pending.in_flight = false;
        }
    }

    /// Attempts on their way.
    pub(crate) fn in_flight(&self) -> usize {
        self.0.iter().filter(|pending| pending.in_flight).count()
    }

    /// True when an attempt is on its way or should be.
    pub(crate) fn is_busy(&self, now: Timestamp) -> bool {
        self.0
            .iter()
            .any(|pending| pending.in_flight || pending.due <= now)
    }

    /// When the next attempt that is not under way falls due.
    pub(crate) fn next_date(&self) -> Option<Timestamp> {
        let mut waiting = self.0.iter().filter(|pending| !pending.in_flight);
        waiting.next().map(|pending| pending.due)
    }

    fn plan(&mut self, pending: Pending) {
        let place = self.0.partition_point(|other| other.due <= pending.due);
        self.0.insert(place, pending);
    }

    /// The place of the next attempt that may start. A first attempt waits for those before it at the
    /// same endpoint, so first attempts arrive in order; retries arrive when they arrive.
    fn startable(&self, now: Timestamp) -> Option<usize> {
        let mut lines = HashSet::new();
        self.0.iter().position(|pending| {
            let fresh = now.duration_since(pending.due) < PATIENCE;
            let is_next = !(pending.in_line && fresh) || lines.insert(pending.endpoint);
            is_next && !pending.in_flight && pending.due <= now
        })
    }
}

impl World {
    /// Starts the next attempt that may start now.
    pub(crate) fn ship(&mut self) -> Option<Shipment> {
        while let Some(place) = self.outbox.startable(self.now()) {
            let pending = self.outbox.0.get_mut(place)?;
            let message = self.messages.find_mut(pending.message)?;
            let endpoint = self.endpoints.find(pending.endpoint)?;
            if endpoint.enabled && !endpoint.deleted {
                pending.in_flight = true;
                return Some(Shipment {
                    message: message.id,
                    url: endpoint.url.clone(),
                    secret: endpoint.secret.clone(),
                    body: message.body.clone(),
                });
            }
            message.skipped = true;
            self.outbox.0.remove(place);
        }
        None
    }

    /// Notes how an attempt ended, and plans the next one if it failed.
    pub(crate) fn shipped(&mut self, message: Id<Message>, outcome: &Outcome) {
        let succeeded = outcome
            .http_code
            .is_some_and(|code| (200..300).contains(&code));
        let id = self.delivery_chance.id();
        let now = self.stamp();
        let delivery = Delivery {
            id,
            message,
            created_at: now,
            succeeded,
            http_code: outcome.http_code,
            response: outcome.response.chars().take(RESPONSE_CHARS).collect(),
        };
        self.deliveries.insert(id, delivery);
        if let Some(row) = self.messages.find_mut(message) {
            row.last_http_code = outcome.http_code;
            row.modified_at = Some(now);
            if succeeded {
                row.succeeded = Some(true);
            }
        }
        let is_it = |p: &Pending| p.message == message && p.in_flight;
        let Some(place) = self.outbox.0.iter().position(is_it) else {
            return;
        };
        let pending = self.outbox.0.remove(place);
        if !succeeded {
            self.retry(&pending);
        }
        self.forget_old_messages();
    }

    /// A sandbox may run for months: what was told long ago goes, with the log of its attempts.
    fn forget_old_messages(&mut self) {
        if self.messages.len() <= MESSAGES_MAX {
            return;
        }
        let waiting: HashSet<_> = self
            .outbox
            .0
            .iter()
            .map(|pending| pending.message)
            .collect();
        let told = |message: &&Message| !waiting.contains(&message.id);
        let old = self.messages.iter().filter(told).take(FORGOTTEN);
        let old: HashSet<_> = old.map(|message| message.id).collect();
        self.messages.retain(|message| !old.contains(&message.id));
        self.deliveries
            .retain(|delivery| !old.contains(&delivery.message));
    }

    fn retry(&mut self, pending: &Pending) {
        let made = pending.made + 1;
        if made < ATTEMPTS_MAX {
            let due = self
                .now()
                .saturating_add(self.pause(made))
                .unwrap_or(Timestamp::MAX);
            self.outbox.plan(Pending {
                due,
                made,
                in_line: false,
                in_flight: false,
                ..pending.clone()
            });
            return;
        }
        if let Some(row) = self.messages.find_mut(pending.message) {
            row.succeeded = Some(false);
        }
        self.disable_if_failing(pending.endpoint);
    }

    /// Doubles with every attempt, stretched by chance up to twice, until it is long enough.
    fn pause(&mut self, made: u32) -> SignedDuration {
        let base = 2_000_i64.saturating_mul(1 << made.min(20));
        let mut pause = self.delivery_chance.between(base, base.saturating_mul(2));
        if pause > PAUSE_MAX_MS {
            pause = self.delivery_chance.between(PAUSE_MAX_MS / 2, PAUSE_MAX_MS);
        }
        SignedDuration::from_millis(pause)
    }

    /// Switches an endpoint off when its latest completed messages all failed.
    fn disable_if_failing(&mut self, endpoint: Id<Endpoint>) {
        let latest: Vec<_> = self
            .messages
            .iter()
            .rev()
            .filter(|message| message.endpoint == endpoint)
            .filter_map(|message| message.succeeded)
            .take(FAILURES_MAX)
            .collect();
        if latest.len() < FAILURES_MAX || latest.contains(&true) {
            return;
        }
        if let Some(row) = self.endpoints.find_mut(endpoint) {
            row.enabled = false;
        }
        let (given_up, kept) = std::mem::take(&mut self.outbox.0)
            .into_iter()
            .partition(|pending| pending.endpoint == endpoint && !pending.in_flight);
        self.outbox.0 = kept;
        let given_up: Vec<Pending> = given_up;
        for pending in given_up {
            if let Some(row) = self.messages.find_mut(pending.message) {
                row.skipped = true;
            }
        }
    }
}
