//! What to do about a batch that did not go through: a value, decided purely.

use std::time::Duration;

use http::StatusCode;

use crate::Error;

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Polar has them; only its answer was odd.
    Arrived,
    /// These spoil the batch, by their places in it; without them it may go through.
    Without(Vec<usize>),
    /// Something in it spoils the batch: halves are sent until it stands alone.
    Halve,
    /// It isn't about the events: the same again later, when the server said so or after a while.
    Later(Option<Duration>),
}

/// Only 422 and 413 speak of the events. A refused token may be renewed, a proxy's page may
/// vanish, an outage ends: none of them costs an event.
pub(super) fn judge(error: &Error, events: usize) -> Verdict {
    match error {
        Error::Validation { refusal, fields } => {
            if fields.is_empty() && refusal.name.is_none() {
                return Verdict::Later(None); // not Polar's words
            }
            let paths = fields.iter().map(|field| field.path.as_str());
            blame(paths.filter_map(place), events)
        }
        Error::Request { argument, .. } if *argument == "body" => blame([], events),
        Error::Decode { body, .. } if is_object(body) => Verdict::Arrived,
        _ if error.status() == Some(StatusCode::PAYLOAD_TOO_LARGE) => blame([], events),
        _ => Verdict::Later(error.retry_after()),
    }
}

fn blame(places: impl IntoIterator<Item = usize>, events: usize) -> Verdict {
    if events <= 1 {
        return Verdict::Without(vec![0]);
    }
    let mut places: Vec<_> = places.into_iter().filter(|place| *place < events).collect();
    places.sort_unstable();
    places.dedup();
    if places.is_empty() {
        return Verdict::Halve;
    }
    Verdict::Without(places)
}

/// The 3 of `body.events[3].customer_id`.
fn place(path: &str) -> Option<usize> {
    let (number, _) = path.strip_prefix("body.events[")?.split_once(']')?;
    number.parse().ok()
}

/// An answer of success that is an object is Polar's, even when its fields are new; a page is not.
fn is_object(body: &[u8]) -> bool {
    serde_json::from_slice::<polarkit_model::FreeForm>(body).is_ok()
}
