//! Points in time, and who tells them.

use std::fmt::Debug;

use jiff::{civil::DateTime, tz::TimeZone};

use crate::read::{Json, Node, Read};

/// A point in time, UTC.
pub type Timestamp = jiff::Timestamp;

/// Tells the time. Handed in wherever time matters, so that a test, or a sandbox whose clock is
/// moved, can decide what time it is.
pub trait Clock: Debug + Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The way Polar writes a point in time: `Z`, and six decimals unless they are all zero.
pub fn wire_time(time: Timestamp) -> String {
    let format = match time.subsec_microsecond() {
        0 => "%Y-%m-%dT%H:%M:%SZ",
        _ => "%Y-%m-%dT%H:%M:%S%.6fZ",
    };
    time.strftime(format).to_string()
}

impl Read for Timestamp {
    fn read(node: &Node<'_>) -> Self {
        let Some(Json::Text(text)) = node.json() else {
            node.expected("text");
            return Self::UNIX_EPOCH;
        };
        let time = text.parse().or_else(|_no_offset| naive(text));
        time.unwrap_or_else(|_neither| {
            node.problem("this text is no point in time".to_owned());
            Self::UNIX_EPOCH
        })
    }
}

/// A time without an offset is meant as UTC.
fn naive(text: &str) -> Result<Timestamp, jiff::Error> {
    text.parse::<DateTime>()?
        .to_zoned(TimeZone::UTC)
        .map(|zoned| zoned.timestamp())
}
