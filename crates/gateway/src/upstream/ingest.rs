//! Usage on its way to Polar, and what Polar finds wrong with it.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use polarkit::{Error, FieldError};
use serde::Deserialize;

use super::{Failure, Polar};

/// Longest a batch may take: nobody waits for it.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A batch that Polar has.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(crate) struct Taken {
    /// Events it did not have before.
    pub(crate) inserted: u64,
    /// Events it had.
    #[serde(default)]
    pub(crate) duplicates: u64,
}

/// Why Polar did not take a batch, of which it then has nothing.
#[derive(Debug)]
pub(crate) enum Untaken {
    /// Something is wrong with events in it.
    Flawed(Vec<Flaw>),
    /// It is too long.
    TooLong,
    /// It has nothing to do with the events. Whatever else Polar refuses is waited out, too, because
    /// an event given up is money lost.
    Otherwise(Failure),
}

/// What is wrong with one event, in the words a program would read: none of Polar's sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// Which of the batch, where Polar says so.
    pub(crate) number: Option<usize>,
    /// Which field.
    pub(crate) field: String,
    /// What kind of error.
    pub(crate) kind: String,
}

impl Polar {
    /// Sends a batch, `{"events": […]}`. An event that Polar has already counts as taken.
    pub(crate) async fn ingest(&self, batch: Bytes) -> Result<Taken, Untaken> {
        let call = self.own.raw("/v1/events/ingest").method(Method::POST);
        let call = call.body("application/json", batch);
        let call = call.with_retry(polarkit::Retry::never());
        let answer = call.with_timeout(TIMEOUT).typed::<Taken>().await;
        self.listen(&self.own);
        match answer {
            Ok(taken) => Ok(taken),
            Err(error) => Err(untaken(&error)),
        }
    }
}

fn untaken(error: &Error) -> Untaken {
    let failure = Failure::from_error(error);
    if error.status() == Some(StatusCode::PAYLOAD_TOO_LARGE) {
        return Untaken::TooLong;
    }
    match error {
        Error::Validation { fields, .. } => Untaken::Flawed(fields.iter().map(flaw).collect()),
        _ if failure.is_about_the_request() => Untaken::Otherwise(Failure::Failed),
        _ => Untaken::Otherwise(failure),
    }
}

/// From `body.events[3].EventCreateCustomer.customer_id`, where the shape may be missing.
fn flaw(error: &FieldError) -> Flaw {
    let path = error.path.trim_start_matches("body.");
    let numbered = path.strip_prefix("events[").and_then(|rest| {
        let (number, rest) = rest.split_once(']')?;
        Some((number.parse().ok()?, rest.trim_start_matches('.')))
    });
    let (number, path) = numbered.map_or((None, path), |(number, rest)| (Some(number), rest));
    let shape = |(first, rest)| str::starts_with(first, "EventCreate").then_some(rest);
    let field = path.split_once('.').and_then(shape).unwrap_or(path);
    Flaw {
        number,
        field: words(field),
        kind: words(&error.kind),
    }
}

/// As much of it as names something.
fn words(text: &str) -> String {
    const CHARS_MAX: usize = 80;
    let name = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']' | '-');
    text.chars().filter(name).take(CHARS_MAX).collect()
}
