//! What can go wrong, by cause.

use std::{fmt, time::Duration};

use http::StatusCode;
use polarkit_model::read::ReadError;
use serde_json::Value;

use crate::{
    kind::Kind,
    reply::{Reply, ReplyBody},
    transport::TransportError,
};

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Polar could not be reached, or the connection broke.
    #[error("{operation}: no answer from Polar")]
    Network {
        /// The operation.
        operation: &'static str,
        /// Why.
        #[source]
        source: TransportError,
    },
    /// The token is missing, wrong, expired or revoked.
    #[error("{0}")]
    Authentication(Box<Refusal>),
    /// The token is good, but not for this.
    #[error("{0}")]
    NotPermitted(Box<Refusal>),
    /// There is no such thing, or the token may not see it.
    #[error("{0}")]
    NotFound(Box<Refusal>),
    /// It contradicts the state things are in.
    #[error("{0}")]
    Conflict(Box<Refusal>),
    /// Something in the request is not as it must be.
    #[error("{refusal}{}", listed(.fields))]
    Validation {
        /// What Polar said.
        refusal: Box<Refusal>,
        /// What it said field by field.
        fields: Vec<FieldError>,
    },
    /// Too many requests.
    #[error("{refusal}")]
    RateLimited {
        /// What Polar said.
        refusal: Box<Refusal>,
        /// How long to wait, where it said so.
        retry_after: Option<Duration>,
    },
    /// Polar failed.
    #[error("{0}")]
    Server(Box<Refusal>),
    /// Polar refused for another reason; its name says which.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The reply was not the shape the facts promise.
    #[error("{operation}: the reply could not be read")]
    Decode {
        /// The operation.
        operation: &'static str,
        /// Where, and why.
        #[source]
        source: ReadError,
        /// The body as it came.
        body: ReplyBody,
    },
    /// The reply was longer than a reply may be.
    #[error("{operation}: the reply is longer than {bytes_max} bytes")]
    TooLong {
        /// The operation.
        operation: &'static str,
        /// The bound.
        bytes_max: usize,
    },
    /// The request could not be made.
    #[error("{operation}: {argument}: {problem}")]
    Request {
        /// The operation.
        operation: &'static str,
        /// The argument that is not as it must be.
        argument: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

impl Error {
    /// The coarse kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Network { .. } => Kind::Network,
            Self::Authentication(_) | Self::NotPermitted(_) => Kind::Authentication,
            Self::NotFound(_) => Kind::NotFound,
            Self::Conflict(_) => Kind::Conflict,
            Self::Validation { .. } | Self::Refused(_) | Self::Request { .. } => Kind::Validation,
            Self::RateLimited { .. } => Kind::RateLimit,
            Self::Server(_) | Self::Decode { .. } | Self::TooLong { .. } => Kind::Upstream,
        }
    }

    /// What Polar said, when it said anything.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Authentication(refusal)
            | Self::NotPermitted(refusal)
            | Self::NotFound(refusal)
            | Self::Conflict(refusal)
            | Self::Server(refusal)
            | Self::Refused(refusal)
            | Self::Validation { refusal, .. }
            | Self::RateLimited { refusal, .. } => Some(refusal),
            _ => None,
        }
    }

    /// The HTTP status, when there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.refusal().map(|refusal| refusal.status)
    }

    /// How long to wait before asking again, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the same request may do better later.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Network { .. } | Self::RateLimited { .. } | Self::Server(_)
        )
    }

    /// What a reply of failure means.
    pub(crate) fn from_reply(operation: &'static str, reply: &Reply) -> Self {
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let refusal = Box::new(Refusal::new(operation, reply, &body));
        match reply.status.as_u16() {
            401 => Self::Authentication(refusal),
            403 => Self::NotPermitted(refusal),
            404 => Self::NotFound(refusal),
            409 => Self::Conflict(refusal),
            422 => Self::Validation {
                refusal,
                fields: FieldError::all(&body),
            },
            429 => Self::RateLimited {
                refusal,
                retry_after: reply.retry_after(),
            },
            500.. => Self::Server(refusal),
            _ => Self::Refused(refusal),
        }
    }
}

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
    /// The body as it came.
    pub body: ReplyBody,
}

impl Refusal {
    fn new(operation: &'static str, reply: &Reply, body: &Value) -> Self {
        let word = |field| body.get(field).and_then(Value::as_str).map(str::to_owned);
        Self {
            operation,
            status: reply.status,
            name: word("error"),
            detail: word("detail").or_else(|| word("error_description")),
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
    fn all(body: &Value) -> Vec<Self> {
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

fn listed(fields: &[FieldError]) -> String {
    let mut text = String::new();
    for field in fields {
        text.extend(["; ", &field.path, ": ", &field.message]);
    }
    text
}
