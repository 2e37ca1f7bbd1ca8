//! What led to a reason: the webhooks, the reads of Polar and the ends of time that changed it, each
//! with what it changed it to. Written with the row, only when the row changes, so that from a denial
//! the way leads back to the very delivery, also when that is long gone.

use std::borrow::Cow;

use jiff::Timestamp;
use polarkit_store::{Entitlement, Waiting};
use serde::{Deserialize, Serialize};

use super::expiry;
use crate::inbox::news::News;

/// Remembered of one reason; older ones are forgotten.
const EVENTS_MAX: usize = 10;

/// Something that may have changed a customer's access.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    via: Via,
    /// Polar's id of the delivery.
    pub(crate) id: Option<String>,
    /// The event's type, or the kind of objects that were read.
    kind: String,
    sent_at: i64,
    received_at: i64,
    /// Sources it speaks of by name.
    about: Vec<String>,
    /// It speaks of everything the customer has.
    whole: bool,
}

/// One entry of a reason's history.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct Event {
    via: Via,
    /// The delivery's id, to be looked up as `/api/inbox/{id}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// The event's type, the kind of objects that were read, or `expired`.
    r#type: String,
    /// When Polar said so, or when the time was over; in Polar's time.
    #[schema(value_type = String, format = DateTime)]
    sent_at: Timestamp,
    /// When the gateway heard of it.
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    /// What it made of the reason.
    granted: bool,
    reason: String,
}

/// How something came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Via {
    Webhook,
    /// Polar was asked.
    Read,
    /// Nothing was told: time went by.
    Time,
}

impl Cause {
    pub(crate) fn webhook(mail: &Waiting, news: &News) -> Self {
        let told = news.objects.iter();
        let sent_at = told.clone().map(|object| object.version.envelope_at).max();
        Self {
            via: Via::Webhook,
            id: Some(mail.webhook_id.clone()),
            kind: news.kind.clone(),
            sent_at: sent_at.unwrap_or(mail.received_at),
            received_at: mail.received_at,
            about: told
                .filter_map(|object| source(&object.kind, &object.id))
                .collect(),
            whole: news.objects.iter().any(|object| object.kind == "state"),
        }
    }

    /// Polar was asked, for objects of this kind, at `at` (µs of its time).
    pub(crate) fn read(kind: &str, at: i64, now: i64) -> Self {
        Self {
            via: Via::Read,
            id: None,
            kind: kind.to_owned(),
            sent_at: at,
            received_at: now,
            about: Vec::new(),
            whole: true,
        }
    }

    /// When Polar was asked, µs of its time; none when something was told.
    pub(crate) fn read_at(&self) -> Option<i64> {
        (self.via == Via::Read).then_some(self.sent_at)
    }

    /// Of which kind of objects Polar was asked; none when something was told.
    pub(crate) fn read_of(&self) -> Option<&str> {
        (self.via == Via::Read).then_some(self.kind.as_str())
    }

    fn names(&self, source: &str) -> bool {
        self.whole || self.about.iter().any(|about| about == source)
    }

    fn led_to(&self, row: &Entitlement) -> Event {
        Event {
            via: self.via,
            id: self.id.clone(),
            r#type: self.kind.clone(),
            sent_at: instant(self.sent_at),
            received_at: instant(self.received_at),
            granted: row.granted,
            reason: row.reason.clone(),
        }
    }
}

/// Notes in each row that is to be written what led to it; a row that stays as it was, or was only
/// said again, keeps what is noted.
pub(crate) fn note(after: &mut [Entitlement], before: &[Entitlement], causes: &[Cause], now: i64) {
    for row in after {
        let was = before.iter().find(|was| was.source == row.source);
        let noted = was.map_or("[]", |was| was.events.as_str());
        if was.is_some_and(|was| says_the_same(was, row)) {
            noted.clone_into(&mut row.events);
            continue;
        }
        let mut events = read(noted);
        let ended = expiry::is_over(row) && !was.is_some_and(expiry::is_over);
        let named = causes.iter().any(|cause| cause.names(&row.source));
        let led = |cause: &&Cause| cause.names(&row.source) || !(named || ended);
        events.extend(causes.iter().filter(led).map(|cause| cause.led_to(row)));
        events.extend(ended.then(|| Event {
            via: Via::Time,
            id: None,
            r#type: "expired".to_owned(),
            sent_at: instant(row.changed_at),
            received_at: instant(now),
            granted: row.granted,
            reason: row.reason.clone(),
        }));
        events.drain(..events.len().saturating_sub(EVENTS_MAX));
        // A list of texts and instants always has a JSON form.
        row.events = serde_json::to_string(&events).unwrap_or_default();
    }
}

/// What is noted; a note that can't be read is none.
pub(crate) fn read(events: &str) -> Vec<Event> {
    serde_json::from_str(events).unwrap_or_default()
}

/// Nothing but the moment it was said differs.
fn says_the_same(was: &Entitlement, row: &Entitlement) -> bool {
    (was.granted, was.expires_at) == (row.granted, row.expires_at)
        && (&was.reason, &was.detail) == (&row.reason, &row.detail)
        && (&was.kind, &was.target) == (&row.kind, &row.target)
}

/// The reason an object speaks of.
fn source(kind: &str, id: &str) -> Option<String> {
    let noun: Cow<'_, str> = match kind {
        "subscription" | "order" | "checkout" => kind.into(),
        "benefit_grant" => "grant".into(),
        "customer_seat" => "seat".into(),
        _ => return None,
    };
    Some(format!("{noun}:{id}"))
}

fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or_default()
}
