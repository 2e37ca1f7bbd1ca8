//! What can go wrong, by cause.

use std::time::Duration;

use http::StatusCode;
use polarkit_model::{Timestamp, read::ReadError};
use serde_json::Value;

use crate::{
    kind::Kind,
    refusal::{FieldError, Refusal},
    reply::{Reply, ReplyBody},
    transport::TransportError,
};

/// Why an operation failed.
///
/// Every error names the [operation](Self::operation). Where Polar answered there are besides the
/// HTTP [status](Self::status), Polar's [name](Self::name) for the error if it gave one, and the
/// [body](Self::body) as it came. [`kind`](Self::kind) says in a word what to do about it. The
/// messages hold no secret and, but for Polar's own words, nothing of the request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Polar could not be reached, the connection broke, or the time was over.
    #[error("{operation}: no answer from Polar")]
    #[non_exhaustive]
    Network {
        /// The operation.
        operation: &'static str,
        /// Why.
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
    #[non_exhaustive]
    Validation {
        /// What Polar said.
        refusal: Box<Refusal>,
        /// What it said field by field.
        fields: Vec<FieldError>,
    },
    /// Polar says that these are too many requests.
    #[error("{refusal}{}", later(*.retry_after))]
    #[non_exhaustive]
    RateLimited {
        /// What Polar said.
        refusal: Box<Refusal>,
        /// How long to wait, where it said so.
        retry_after: Option<Duration>,
    },
    /// Not sent: under the rate limits its turn would come too late.
    #[error("{operation}: not sent, the rate limit has no room for it{}", later(Some(*.retry_after)))]
    #[non_exhaustive]
    HeldBack {
        /// The operation.
        operation: &'static str,
        /// How long to wait, at least.
        retry_after: Duration,
    },
    /// Polar failed.
    #[error("{0}")]
    Server(Box<Refusal>),
    /// Polar refused for another reason; its name says which.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The reply was not the shape the facts promise. What was asked for has happened.
    #[error("{operation}: the reply could not be read")]
    #[non_exhaustive]
    Decode {
        /// The operation.
        operation: &'static str,
        /// The HTTP status, one of success.
        status: StatusCode,
        /// Where, and why.
        source: ReadError,
        /// The body as it came.
        body: ReplyBody,
    },
    /// The reply was longer than a reply may be. What was asked for has happened.
    #[error("{operation}: the reply is longer than {bytes_max} bytes")]
    #[non_exhaustive]
    TooLong {
        /// The operation.
        operation: &'static str,
        /// The HTTP status, one of success.
        status: StatusCode,
        /// The bound.
        bytes_max: usize,
    },
    /// The request could not be made.
    #[error("{operation}: {argument}: {problem}")]
    #[non_exhaustive]
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
            Self::RateLimited { .. } | Self::HeldBack { .. } => Kind::RateLimit,
            Self::Server(_) | Self::Decode { .. } | Self::TooLong { .. } => Kind::Upstream,
        }
    }

    /// The operation's id, such as `orders:get`.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Network { operation, .. }
            | Self::HeldBack { operation, .. }
            | Self::Decode { operation, .. }
            | Self::TooLong { operation, .. }
            | Self::Request { operation, .. } => operation,
            Self::Authentication(refusal)
            | Self::NotPermitted(refusal)
            | Self::NotFound(refusal)
            | Self::Conflict(refusal)
            | Self::Server(refusal)
            | Self::Refused(refusal)
            | Self::Validation { refusal, .. }
            | Self::RateLimited { refusal, .. } => refusal.operation,
        }
    }

    /// What Polar said, when it refused.
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

    /// The HTTP status, when Polar answered.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Decode { status, .. } | Self::TooLong { status, .. } => Some(*status),
            _ => self.refusal().map(|refusal| refusal.status),
        }
    }

    /// Polar's name for the error, such as `ResourceNotFound`, when it gave one.
    pub fn name(&self) -> Option<&str> {
        self.refusal()?.name.as_deref()
    }

    /// The body of the answer: all of it when it could not be read, its first MiB when Polar
    /// refused.
    pub fn body(&self) -> Option<&ReplyBody> {
        match self {
            Self::Decode { body, .. } => Some(body),
            _ => self.refusal().map(|refusal| &refusal.body),
        }
    }

    /// How long to wait before asking again, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => *retry_after,
            Self::HeldBack { retry_after, .. } => Some(*retry_after),
            Self::Server(refusal) => refusal.retry_after,
            _ => None,
        }
    }

    /// Whether the same request may do better later. Whether it may be *repeated* is another
    /// question: what was sent may have happened although no answer came.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Network { .. }
                | Self::RateLimited { .. }
                | Self::HeldBack { .. }
                | Self::Server(_)
        )
    }

    /// How long Polar's rate limit refuses everything of the kind. A refusal with a name is its
    /// decision on this very thing instead.
    pub(crate) fn limited_for(&self) -> Option<Duration> {
        match self {
            Self::RateLimited {
                refusal,
                retry_after,
            } if refusal.name.is_none() => *retry_after,
            _ => None,
        }
    }

    /// What a reply of failure, received at that time, means.
    pub(crate) fn from_reply(operation: &'static str, reply: &Reply, now: Timestamp) -> Self {
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let refusal = Box::new(Refusal::new(operation, reply, &body, now));
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
                retry_after: refusal.retry_after,
                refusal,
            },
            500.. => Self::Server(refusal),
            _ => Self::Refused(refusal),
        }
    }
}

fn listed(fields: &[FieldError]) -> String {
    let mut text = String::new();
    for field in fields {
        text.extend(["; ", &field.path, ": ", &field.message]);
    }
    text
}

fn later(wait: Option<Duration>) -> String {
    wait.map_or_else(String::new, |wait| {
        format!("; try again in {:.1} s", wait.as_secs_f64())
    })
}
