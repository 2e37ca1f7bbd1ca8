//! From bytes that were verified to what happened. Whatever they say, the bytes are kept.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use polarkit_model::{
    Timestamp,
    read::{self, ReadError},
    webhook::{Event, Payload},
};
use serde_json::{Value, value::RawValue};

use super::Verified;

/// Parses a body that was verified.
///
/// A type newer than this build is no error: it is [`Event::Unrecognized`] with its data. A type we
/// know whose data is not the shape we know is one, so that nobody takes it for nothing: the
/// [`ParseError`] still has the type, the data as JSON and the bytes.
pub fn parse(body: impl Into<Bytes>) -> Result<Delivery, ParseError> {
    let body = body.into();
    match read::from_slice(&body) {
        Ok(Payload {
            timestamp,
            api_version,
            event,
            ..
        }) => Ok(Delivery {
            timestamp,
            api_version,
            event,
            body,
        }),
        Err(source) => Err(ParseError::new(body, source)),
    }
}

/// A delivery that is genuine, and what it says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Webhook {
    /// Its id, by which a repetition is known, and how it was verified.
    pub verified: Verified,
    /// What it says. Where that could not be read, answer with success all the same and keep the
    /// bytes: a refusal makes Polar try again, in vain, and then disable the endpoint.
    pub delivery: Result<Delivery, ParseError>,
}

impl Webhook {
    /// The bytes that were signed.
    pub fn body(&self) -> &Bytes {
        match &self.delivery {
            Ok(delivery) => &delivery.body,
            Err(unread) => &unread.body,
        }
    }

    /// The type, such as `order.paid`, where there is one.
    pub fn kind(&self) -> Option<&str> {
        match &self.delivery {
            Ok(delivery) => Some(delivery.event.kind()),
            Err(unread) => unread.kind(),
        }
    }
}

/// What a delivery says.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Delivery {
    /// When it happened; an attempt to tell of it may be much later.
    pub timestamp: Timestamp,
    /// The version of the API the data has, where Polar says so.
    pub api_version: Option<String>,
    /// What happened.
    pub event: Event,
    /// The bytes it was read from.
    pub body: Bytes,
}

/// The bytes would say it all again.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("timestamp", &self.timestamp)
            .field("api_version", &self.api_version)
            .field("event", &self.event)
            .finish_non_exhaustive()
    }
}

/// A body that could not be read, and what is known of it all the same.
#[derive(Clone, thiserror::Error)]
#[error("the webhook {} could not be read", .kind.as_deref().unwrap_or("without a type"))]
pub struct ParseError {
    kind: Option<String>,
    timestamp: Option<Timestamp>,
    body: Bytes,
    source: Box<ReadError>,
}

impl ParseError {
    fn new(body: Bytes, source: ReadError) -> Self {
        Self {
            kind: field(&body, "type").and_then(|kind| Some(kind.as_str()?.to_owned())),
            timestamp: field(&body, "timestamp").and_then(|time| time.as_str()?.parse().ok()),
            body,
            source: Box::new(source),
        }
    }

    /// The type, such as `order.paid`, where the body has one.
    pub fn kind(&self) -> Option<&str> {
        self.kind.as_deref()
    }

    /// When it happened, where the body says so.
    pub fn timestamp(&self) -> Option<Timestamp> {
        self.timestamp
    }

    /// The data as JSON, where the body has some. It is parsed anew by each call.
    pub fn data(&self) -> Option<Value> {
        field(&self.body, "data")
    }

    /// The bytes that were signed.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// What was wrong, and the path to it, such as `data.customer.email`.
    pub fn problem(&self) -> &ReadError {
        &self.source
    }
}

/// One field of the envelope, whatever the others are.
fn field(body: &[u8], name: &str) -> Option<Value> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_slice(body).ok()?;
    serde_json::from_str(fields.get(name)?.get()).ok()
}

/// Bodies tell of people: they are not printed.
impl fmt::Debug for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParseError")
            .field("kind", &self.kind)
            .field("timestamp", &self.timestamp)
            .field("body_bytes", &self.body.len())
            .field("source", &self.source)
            .finish()
    }
}
