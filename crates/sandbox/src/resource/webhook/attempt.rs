//! Making attempts: what one needs to know, and what follows from how it ends.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::delivery::is_archived;
use super::outbox::{Attempt, Turn};
use super::{Delivery, Endpoint, Format, Message};
use crate::resource::checkout;
use crate::world::{Id, World};

/// Attempts before a message has failed for good.
const ATTEMPTS_MAX: usize = 10;
/// So many failed messages in a row switch an endpoint off.
const FAILURES_MAX: usize = 10;
/// Longer pauses become a random one between half of this and this.
const PAUSE_MAX_MS: i64 = 20 * 60 * 1000;
/// When there are more messages than this that nothing is to be done for, the oldest are forgotten.
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
    pub(crate) body: Bytes,
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
    /// True when the receiver has taken it.
    pub(crate) fn succeeded(&self) -> bool {
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
            let (Some(endpoint), Some(message)) = (endpoint, message) else {
                self.outbox.end(turn);
                continue;
            };
            let shipment = Shipment {
                turn,
                message: message.id,
                url: endpoint.url.clone(),
                secret: endpoint.secret.clone(),
                body: message.body.clone().into(),
            };
            let is_open = endpoint.enabled && !endpoint.deleted;
            let has_arrived = message.succeeded == Some(true) && !attempt.redelivery;
            let (was_skipped, is_over) = (message.skipped, is_archived(message, self.now()));
            if is_open && !has_arrived && !is_over {
                if was_skipped {
                    self.mark_skipped(shipment.message, false);
                }
                return Some(shipment);
            }
            self.outbox.end(turn);
            if !is_open {
                self.mark_skipped(shipment.message, true);
            }
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
        if outcome.succeeded() {
            self.tell_watchers(shipment);
        }
        let Some(attempt) = self.outbox.end(shipment.turn) else {
            return;
        };
        if !outcome.succeeded() {
            self.retry(attempt);
        }
        self.forget_old_messages();
    }

    /// A page may be waiting until the seller knows of the sale.
    fn tell_watchers(&self, shipment: &Shipment) {
        let message = self.messages.find(shipment.message);
        let endpoint = message.and_then(|row| self.endpoints.find(row.endpoint));
        let raw = endpoint.is_some_and(|row| row.format == Format::Raw);
        let news = message.filter(|row| raw && row.event == "checkout.updated");
        if let Some(row) = news.filter(|_| self.watchers.are_there()) {
            checkout::delivered(self, &row.body);
        }
    }

    fn log_delivery(&mut self, message: Id<Message>, outcome: &Outcome, now: Timestamp) {
        let id = self.delivery_chance.id();
        let delivery = Delivery {
            id,
            message,
            created_at: now,
            succeeded: outcome.succeeded(),
            http_code: outcome.http_code,
            response: kept(&outcome.response),
        };
        self.deliveries.insert(id, delivery);
    }

    /// Plans the next attempt, until there were so many that the message has failed for good. Attempts
    /// count whoever asked for them: one more after that is not repeated.
    fn retry(&mut self, attempt: Attempt) {
        let made = self.deliveries.of(attempt.message).count();
        if made < ATTEMPTS_MAX {
            let due = self.now().saturating_add(self.pause(made));
            let next = Attempt {
                in_line: false,
                ..attempt
            };
            self.outbox.add(due.unwrap_or(Timestamp::MAX), next);
            return;
        }
        let failed = self.messages.find_mut(attempt.message).is_some_and(|row| {
            let fails = row.succeeded != Some(true);
            if fails {
                row.succeeded = Some(false);
            }
            fails
        });
        if failed {
            self.disable_if_failing(attempt.endpoint);
        }
    }

    /// Doubles with every attempt, stretched by chance up to twice, until it is long enough.
    fn pause(&mut self, made: usize) -> SignedDuration {
        let base = 2_000_i64.saturating_mul(1 << made.min(20));
        let mut pause = self.delivery_chance.between(base, base.saturating_mul(2));
        if pause > PAUSE_MAX_MS {
            pause = self.delivery_chance.between(PAUSE_MAX_MS / 2, PAUSE_MAX_MS);
        }
        SignedDuration::from_millis(pause)
    }

    /// Switches an endpoint off when its latest completed messages all failed. What it still waits for
    /// is skipped.
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
        self.outbox.give_up(endpoint);
        let is_pending = |row: &&Message| row.succeeded.is_none() && !row.skipped;
        let pending = self.messages.of(endpoint).filter(is_pending);
        let pending: Vec<_> = pending.map(|row| row.id).collect();
        for message in pending {
            self.mark_skipped(message, true);
        }
    }

    fn mark_skipped(&mut self, message: Id<Message>, skipped: bool) {
        let now = self.stamp();
        if let Some(row) = self.messages.find_mut(message) {
            row.skipped = skipped;
            row.modified_at = Some(now);
        }
    }

    /// A sandbox may run for months: what was told long ago goes, with the log of its attempts.
    fn forget_old_messages(&mut self) {
        let known = self.messages.len();
        if known.saturating_sub(self.outbox.messages()) <= MESSAGES_MAX {
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

/// What is kept of an answer.
fn kept(response: &str) -> Option<String> {
    let kept: String = response
        .chars()
        .filter(|char| *char != '\0')
        .take(RESPONSE_CHARS)
        .collect();
    (!kept.is_empty()).then_some(kept)
}
