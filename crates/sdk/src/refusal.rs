//! What Polar says when it refuses: four shapes of body, read as one.

use std::{fmt, time::Duration};

use http::StatusCode;
use polarkit_model::Timestamp;
use serde_json::Value;

use crate::reply::{Reply, ReplyBody};

/// What Polar said when it refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The operation.
    pub operation: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// Polar's name for the error, such as `ResourceNotFound`.
    pub name: Option<String>,
    /// Its words for it, where they are words.
    pub detail: Option<String>,
    /// How long to wait before asking again, where it said so.
    pub retry_after: Option<Duration>,
    /// The body as it came, its first MiB.
    pub body: ReplyBody,
}

impl Refusal {
    pub(crate) fn new(
        operation: &'static str,
        reply: &Reply,
        body: &Value,
        now: Timestamp,
    ) -> Self {
        let word = |field| body.get(field).and_then(Value::as_str).map(str::to_owned);
        Self {
            operation,
            status: reply.status,
            name: word("error"),
            detail: word("detail").or_else(|| word("error_description")),
            retry_after: reply.retry_after(now),
            body: reply.body.clone(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: Polar answered {}",
            self.operation,
            self.status.as_u16()
        )?;
        match (&self.name, &self.detail) {
            (Some(name), Some(detail)) => write!(f, " {name}: {detail}"),
            (Some(said), None) | (None, Some(said)) => write!(f, ": {said}"),
            (None, None) => Ok(()),
        }
    }
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// Where, such as `body.products[0]`.
    pub path: String,
    /// Polar's word for what is wrong, such as `missing`.
    pub kind: String,
    /// What is wrong.
    pub message: String,
}

impl FieldError {
    pub(crate) fn all(body: &Value) -> Vec<Self> {
        let entries = body.get("detail").and_then(Value::as_array);
        entries.into_iter().flatten().map(Self::one).collect()
    }

    fn one(entry: &Value) -> Self {
        let word = |field| {
            entry
                .get(field)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let mut path = String::new();
        for step in entry
            .get("loc")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            match step.as_str() {
                Some(name) if path.is_empty() => path.push_str(name),
                Some(name) => path.extend([".", name]),
                None => path.extend(["[", &step.to_string(), "]"]),
            }
        }
        Self {
            path,
            kind: word("type"),
            message: word("msg"),
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}
