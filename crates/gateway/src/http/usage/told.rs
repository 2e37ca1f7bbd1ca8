//! What a body tells of usage: one event, a list of them, or one on each line. Each is read by itself,
//! so that one that cannot be read costs no other.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::http::body::{misread_field, must_be_json, parse, whole};
use crate::problem::Problem;
use crate::usage::check::Wrong;
use crate::usage::{EVENTS_MAX, LINES_MAX, Use};

/// Events, read or not.
#[derive(Debug)]
pub(in crate::http) struct Told {
    pub(super) events: Vec<Result<Use, Wrong>>,
    /// The number of each one's line, in a body of lines.
    pub(super) lines: Option<Vec<usize>>,
}

/// Several events, none of them read.
#[derive(Deserialize)]
struct Several<'a> {
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

impl<S: Send + Sync> FromRequest<S> for Told {
    type Rejection = Problem;

    async fn from_request(req: Request, state: &S) -> Result<Self, Problem> {
        let by_lines = is_by_lines(req.headers());
        if !by_lines {
            must_be_json(req.headers())?;
        }
        let bytes = whole(req, state).await?;
        if by_lines {
            lines(&bytes)
        } else {
            list(&bytes)
        }
    }
}

/// `application/x-ndjson`, and the other names it goes by.
fn is_by_lines(headers: &HeaderMap) -> bool {
    let given = headers
        .get(CONTENT_TYPE)
        .and_then(|name| name.to_str().ok());
    let essence = given.and_then(|given| given.split(';').next());
    let essence = essence.unwrap_or_default().trim().to_ascii_lowercase();
    matches!(
        essence.as_str(),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl"
    )
}

fn lines(bytes: &Bytes) -> Result<Told, Problem> {
    let all = bytes.split(|&byte| byte == b'\n').zip(1..);
    let (mut events, mut lines) = (Vec::new(), Vec::new());
    for (line, number) in all.filter(|(line, _)| !line.trim_ascii().is_empty()) {
        if events.len() == LINES_MAX {
            return Err(Problem::invalid(format!(
                "at most {LINES_MAX} lines at once"
            )));
        }
        events.push(one(line));
        lines.push(number);
    }
    Ok(Told {
        events,
        lines: Some(lines),
    })
}

fn list(bytes: &Bytes) -> Result<Told, Problem> {
    let events = if is_list(bytes)? {
        let several: Several<'_> = parse(bytes)?;
        if several.events.is_empty() || several.events.len() > EVENTS_MAX {
            let detail = format!("events: 1 to {EVENTS_MAX} at once; in lines, {LINES_MAX}");
            return Err(Problem::invalid(detail));
        }
        let events = several.events.into_iter();
        events.map(|event| one(event.get().as_bytes())).collect()
    } else {
        vec![one(bytes)]
    };
    Ok(Told {
        events,
        lines: None,
    })
}

/// Whether the body holds a list, or is an event itself.
fn is_list(bytes: &Bytes) -> Result<bool, Problem> {
    #[derive(Deserialize)]
    struct Shape<'a> {
        #[serde(borrow, default)]
        events: Option<&'a RawValue>,
    }
    let shape: Shape<'_> = parse(bytes)?;
    Ok(shape.events.is_some())
}

fn one(bytes: &[u8]) -> Result<Use, Wrong> {
    serde_json::from_slice(bytes).map_err(|_unread| why(bytes))
}

/// Why an event cannot be read: it is read again, with an eye on where that ends.
fn why(bytes: &[u8]) -> Wrong {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read: Result<Use, _> = serde_path_to_error::deserialize(&mut json);
    match read {
        Ok(_) => Wrong::new("", "is followed by something that is no event"),
        Err(error) if error.inner().is_data() => {
            let (field, what) = misread_field(error.path(), error.inner());
            Wrong::new(field, what)
        }
        Err(_) => Wrong::new("", "is not valid JSON"),
    }
}
