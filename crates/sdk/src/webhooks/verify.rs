//! Whether a delivery is genuine.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::Mac as _;
use jiff::SignedDuration;
use polarkit_model::{Secret, Timestamp};

use super::{Headers, Scheme, sign::signed};

/// How far a delivery's timestamp may be from now, before and after.
pub const TOLERANCE: SignedDuration = SignedDuration::from_secs(300);

/// A header may carry several signatures while secrets rotate; nobody needs more than these.
const SIGNATURES_MAX: usize = 16;

/// Whether one of the secrets signed this, lately.
pub fn verify(
    secrets: &[Secret],
    headers: &Headers<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<Verified, VerifyError> {
    verify_within(TOLERANCE, secrets, headers, body, now)
}

/// As [`verify`], with another tolerance.
///
/// The signature is looked at first: a stale delivery is told apart from a forged one, so that who
/// distrusts the clock can ask it again.
pub fn verify_within(
    tolerance: SignedDuration,
    secrets: &[Secret],
    headers: &Headers<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<Verified, VerifyError> {
    let seconds = headers
        .timestamp
        .parse()
        .map_err(|_not_a_number| MALFORMED_TIMESTAMP)?;
    let timestamp = Timestamp::from_second(seconds).map_err(|_out_of_range| MALFORMED_TIMESTAMP)?;
    let signatures = signatures(headers.signature)?;
    let (secret, scheme) =
        matching(secrets, headers, body, &signatures).ok_or(VerifyError::BadSignature)?;
    let verified = Verified {
        id: headers.id.to_owned(),
        timestamp,
        secret,
        scheme,
    };
    if now.duration_since(timestamp).abs() > tolerance {
        return Err(VerifyError::StaleTimestamp { now, verified });
    }
    Ok(verified)
}

const MALFORMED_TIMESTAMP: VerifyError = VerifyError::MalformedHeader {
    name: "webhook-timestamp",
};

/// A delivery that is genuine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The delivery's id.
    pub id: String,
    /// When this attempt was made.
    pub timestamp: Timestamp,
    /// Which of the secrets it was signed with.
    pub secret: usize,
    /// Which key was made of it.
    pub scheme: Scheme,
}

/// Why a delivery isn't accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A header is missing.
    #[error("the header {name} is missing")]
    MissingHeader {
        /// Which.
        name: &'static str,
    },
    /// A header is not as it must be.
    #[error("the header {name} is malformed")]
    MalformedHeader {
        /// Which.
        name: &'static str,
    },
    /// None of the secrets signed this.
    #[error("no secret of ours made this signature")]
    BadSignature,
    /// Signed by us, but too long ago, or not yet.
    #[error("the signature is good, but its timestamp {} is too far from {now}", .verified.timestamp)]
    StaleTimestamp {
        /// The time it was compared with.
        now: Timestamp,
        /// What was found besides.
        verified: Verified,
    },
}

impl VerifyError {
    /// The coarse kind.
    pub fn kind(&self) -> crate::Kind {
        crate::Kind::WebhookVerification
    }
}

/// The `v1` signatures of a header. Other versions are somebody else's.
fn signatures(header: &str) -> Result<Vec<Vec<u8>>, VerifyError> {
    let found: Vec<_> = header
        .split_ascii_whitespace()
        .filter_map(|entry| entry.strip_prefix("v1,"))
        .filter_map(|signature| STANDARD.decode(signature).ok())
        .filter(|signature| !signature.is_empty())
        .take(SIGNATURES_MAX)
        .collect();
    if found.is_empty() {
        return Err(VerifyError::MalformedHeader {
            name: "webhook-signature",
        });
    }
    Ok(found)
}

/// The first secret and scheme that made one of the signatures; each compared in constant time.
fn matching(
    secrets: &[Secret],
    headers: &Headers<'_>,
    body: &[u8],
    signatures: &[Vec<u8>],
) -> Option<(usize, Scheme)> {
    for (index, secret) in secrets.iter().enumerate() {
        for scheme in Scheme::ALL {
            let Some(mac) = scheme.mac(secret) else {
                continue;
            };
            let mac = signed(mac, headers.id, headers.timestamp, body);
            if signatures
                .iter()
                .any(|signature| mac.clone().verify_slice(signature).is_ok())
            {
                return Some((index, scheme));
            }
        }
    }
    None
}
