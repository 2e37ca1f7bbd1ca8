//! Making attempts: what one needs to know, and what follows from how it ends.

use jiff::{SignedDuration, Timestamp};

use super::outbox::{Attempt, Turn};
use super::{Delivery, Endpoint, Message};
use crate::world::{Id, World};

/// Attempts before a message has failed for good.
const ATTEMPTS_MAX: u32 = 10;
/// So many failed messages in a row switch an endpoint off.
const FAILURES_MAX: usize = 10;
/// Longer pauses become a random one between half of this and this.
const PAUSE_MAX_MS: i64 = 20 * 60 * 1000;
/// When there are more messages than this, the oldest are forgotten.
const MESSAGES_MAX: usize = 5_000;
/// How many are forgotten at a time.
const FORGOTTEN: usize = 500;
/// Answers are kept up to so many characters.
const RESPONSE_CHARS: usize = 2048;

/// What one attempt needs to know.
#[derive(Debug, Clone)]
pub(crate) struct Shipment {
    pub(crate) turn: Turn,
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

impl Outcome {
    fn succeeded(&self) -> bool {
        self.http_code
            .is_some_and(|code| (200..300).contains(&code))
    }
}

impl World {
    /// Starts the next attempt that may start now.
    pub(crate) fn ship(&mut self) -> Option<Shipment> {
        while let Some((turn, attempt)) = self.outbox.start(self.now()) {
            let endpoint = self.endpoints.find(attempt.endpoint);
            let message = self.messages.find(attempt.message);
            if let (Some(endpoint), Some(message)) = (endpoint, message)
                && endpoint.enabled
                && !endpoint.deleted
            {
                return Some(Shipment {
                    turn,
                    message: message.id,
                    url: endpoint.url.clone(),
                    secret: endpoint.secret.clone(),
                    body: message.body.clone(),
                });
            }
            self.outbox.end(turn);
            self.skip(attempt.message);
        }
        None
    }

    /// Notes how an attempt ended, and plans the next one if it failed.
    pub(crate) fn shipped(&mut self, shipment: &Shipment, outcome: &Outcome) {
        let now = self.stamp();
        self.log_delivery(shipment.message, outcome, now);
        if let Some(row) = self.messages.find_mut(shipment.message) {
            row.last_http_code = outcome.http_code;
            row.modified_at = Some(now);
            if outcome.succeeded() {
                row.succeeded = Some(true);
            }
        }
        let Some(attempt) = self.outbox.end(shipment.turn) else {
            return;
        };
        if !outcome.succeeded() {
            self.retry(attempt);
        }
        self.forget_old_messages();
    }

    fn log_delivery(&mut self, message: Id<Message>, outcome: &Outcome, now: Timestamp) {
        let id = self.delivery_chance.id();
        let delivery = Delivery {
            id,
            message,
            created_at: now,
            succeeded: outcome.succeeded(),
            http_code: outcome.http_code,
            response: outcome.response.chars().take(RESPONSE_CHARS).collect(),
        };
        self.deliveries.insert(id, delivery);
    }

    fn retry(&mut self, attempt: Attempt) {
        let made = attempt.made + 1;
        if made < ATTEMPTS_MAX {
            let due = self.now().saturating_add(self.pause(made));
            let next = Attempt {
                made,
                in_line: false,
                ..attempt
            };
            self.outbox.add(due.unwrap_or(Timestamp::MAX), next);
            return;
        }
        if let Some(row) = self.messages.find_mut(attempt.message) {
            row.succeeded = Some(false);
        }
        self.disable_if_failing(attempt.endpoint);
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
            .of(endpoint)
            .rev()
            .filter_map(|message| message.succeeded)
            .take(FAILURES_MAX)
            .collect();
        if latest.len() < FAILURES_MAX || latest.contains(&true) {
            return;
        }
        if let Some(row) = self.endpoints.find_mut(endpoint) {
            row.enabled = false;
        }
        for message in self.outbox.give_up(endpoint) {
            self.skip(message);
        }
    }

    fn skip(&mut self, message: Id<Message>) {
        if let Some(row) = self.messages.find_mut(message) {
            row.skipped = true;
        }
    }

    /// A sandbox may run for months: what was told long ago goes, with the log of its attempts.
    fn forget_old_messages(&mut self) {
        if self.messages.len() <= MESSAGES_MAX {
            return;
        }
        let told = |message: &&Message| !self.outbox.holds(message.id);
        let old = self.messages.iter().filter(told).take(FORGOTTEN);
        let old: Vec<_> = old.map(|message| message.id).collect();
        for message in old {
            let log: Vec<_> = self.deliveries.of(message).map(|row| row.id).collect();
            for delivery in log {
                self.deliveries.remove(delivery);
            }
            self.messages.remove(message);
        }
    }
}
