//! Points in time, and who tells them.

use std::fmt::Debug;

use jiff::{civil::DateTime, tz::TimeZone};
use serde_json::Value;

use crate::read::{Read, ReadError, text};

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
    fn read(value: Value) -> Result<Self, ReadError> {
        let text = text(&value)?;
        text.parse()
            .or_else(|_no_offset| naive(text))
            .map_err(|_neither| ReadError::new(format!("`{text}` is no point in time")))
    }
}

/// A time without an offset is meant as UTC.
fn naive(text: &str) -> Result<Timestamp, jiff::Error> {
    text.parse::<DateTime>()?
        .to_zoned(TimeZone::UTC)
        .map(|zoned| zoned.timestamp())
}
