//! What verifying tells: a delivery is genuine, or why it isn't accepted.

use polarkit_model::{Secret, Timestamp};

use super::{Headers, Scheme, Verifier};

/// Whether one of the secrets signed this body, at most [`TOLERANCE`](super::TOLERANCE) from now.
///
/// A [`Verifier`] does the same with the keys made once, and refuses empty secrets by name; here
/// they accept nothing.
pub fn verify(
    secrets: &[Secret],
    headers: &Headers<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<Verified, VerifyError> {
    Verifier::of(secrets).verify(headers, body, now)
}

/// A delivery that is genuine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The delivery's id. It stays the same when the delivery is repeated.
    pub id: String,
    /// When this attempt was made.
    pub timestamp: Timestamp,
    /// Which of the secrets it was signed with, counted from 0.
    pub secret: usize,
    /// Which key was made of it.
    pub scheme: Scheme,
}

/// Why a delivery isn't accepted. Nothing here comes from a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A header is missing.
    #[error("the header {name} is missing")]
    MissingHeader {
        /// Which.
        name: &'static str,
    },
    /// A header is not as it must be, or comes twice with two values.
    #[error("the header {name} is malformed")]
    MalformedHeader {
        /// Which.
        name: &'static str,
    },
    /// The body is longer than a body may be.
    #[error("the body is longer than {bytes_max} bytes")]
    BodyTooLarge {
        /// The bound, in bytes.
        bytes_max: usize,
    },
    /// None of the secrets signed this.
    #[error("no secret of ours made this signature")]
    BadSignature,
    /// Signed by us, but too long ago: a replay, a late arrival, or a clock here that is fast.
    #[error("the signature is good, but its timestamp {} is too long before {now}", .verified.timestamp)]
    TooOld {
        /// The time it was compared with.
        now: Timestamp,
        /// What was found besides.
        verified: Verified,
    },
    /// Signed by us, but not yet: a clock here that is slow.
    #[error("the signature is good, but its timestamp {} is too long after {now}", .verified.timestamp)]
    TooNew {
        /// The time it was compared with.
        now: Timestamp,
        /// What was found besides.
        verified: Verified,
    },
}

impl VerifyError {
    /// The HTTP status to answer with: 400 where headers are none, 413 where the body is too long,
    /// else 403. It is enough for a stranger: say no more.
    pub fn status(&self) -> u16 {
        match self {
            Self::MissingHeader { .. } | Self::MalformedHeader { .. } => 400,
            Self::BodyTooLarge { .. } => 413,
            Self::BadSignature | Self::TooOld { .. } | Self::TooNew { .. } => 403,
        }
    }

    /// The coarse kind.
    pub fn kind(&self) -> crate::Kind {
        crate::Kind::WebhookVerification
    }
}
