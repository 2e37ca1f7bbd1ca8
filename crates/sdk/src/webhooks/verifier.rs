//! Whether a delivery is genuine: the keys of an endpoint's secrets, and what else is asked of it.

use std::fmt;

use bytes::Bytes;
use hmac::{Hmac, Mac as _};
use jiff::SignedDuration;
use polarkit_model::{Secret, Timestamp};
use sha2::Sha256;

use super::{
    Headers, Scheme, SecretError, Verified, VerifyError, Webhook, headers::Stamp,
    key::is_guessable, parse, sign::signed,
};

/// How far a delivery's timestamp may be from now, before and after.
pub const TOLERANCE: SignedDuration = SignedDuration::from_secs(300);

/// How long a body may be, a mebibyte. Polar names no bound of its own; what it sends is some
/// kilobytes, and a body of this length would hold a few hundred grants or prices.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// Verifies deliveries: the secrets of a webhook endpoint, made into keys once.
///
/// ```
/// use std::time::Duration;
/// use polarkit::webhooks::Verifier;
///
/// // Any of the secrets will do: while one is replaced by another, give both.
/// let verifier = Verifier::new(["whsec_new…", "whsec_old…"])?.tolerance(Duration::from_secs(60));
/// # Ok::<(), polarkit::webhooks::SecretError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Verifier {
    secrets: usize,
    keys: Vec<Key>,
    tolerance: SignedDuration,
    body_bytes_max: usize,
}

/// One secret's key of one scheme.
#[derive(Clone)]
struct Key {
    secret: usize,
    scheme: Scheme,
    mac: Hmac<Sha256>,
}

impl Verifier {
    /// Of an endpoint's secrets, each as Polar shows it. No secret, one that anybody could
    /// guess, and one with white space around it are refused.
    pub fn new<S: Into<Secret>>(secrets: impl IntoIterator<Item = S>) -> Result<Self, SecretError> {
        let secrets: Vec<Secret> = secrets.into_iter().map(Into::into).collect();
        if secrets.is_empty() {
            return Err(SecretError::Missing);
        }
        if let Some(index) = secrets.iter().position(is_guessable) {
            return Err(SecretError::Guessable { index });
        }
        let untrimmed = |secret: &Secret| secret.reveal().trim() != secret.reveal();
        match secrets.iter().position(untrimmed) {
            Some(index) => Err(SecretError::Untrimmed { index }),
            None => Ok(Self::of(&secrets)),
        }
    }

    /// Secrets that are none accept nothing here.
    pub(super) fn of(secrets: &[Secret]) -> Self {
        let of_secret = |(index, secret)| {
            Scheme::ALL.map(|scheme| {
                let mac = Scheme::mac(scheme, secret)?;
                Some(Key {
                    secret: index,
                    scheme,
                    mac,
                })
            })
        };
        Self {
            secrets: secrets.len(),
            keys: secrets
                .iter()
                .enumerate()
                .flat_map(of_secret)
                .flatten()
                .collect(),
            tolerance: TOLERANCE,
            body_bytes_max: BODY_BYTES_MAX,
        }
    }

    /// How far a delivery's timestamp may be from now, before and after; [`TOLERANCE`] unless told
    /// otherwise. Less than nothing is nothing.
    pub fn tolerance(mut self, tolerance: impl TryInto<SignedDuration>) -> Self {
        let tolerance = tolerance.try_into().unwrap_or(SignedDuration::MAX);
        self.tolerance = tolerance.max(SignedDuration::ZERO);
        self
    }

    /// How many bytes a body may have; [`BODY_BYTES_MAX`] unless told otherwise.
    pub fn body_bytes_max(mut self, body_bytes_max: usize) -> Self {
        self.body_bytes_max = body_bytes_max;
        self
    }

    /// The bound, for whoever reads the body: to stop there is better than to be told afterwards.
    pub fn bytes_max(&self) -> usize {
        self.body_bytes_max
    }

    /// Verifies, then parses.
    ///
    /// A body that is genuine and yet can't be read is no error of this function: see
    /// [`Webhook::delivery`].
    pub fn receive(
        &self,
        headers: &Headers<'_>,
        body: impl Into<Bytes>,
        now: Timestamp,
    ) -> Result<Webhook, VerifyError> {
        let body = body.into();
        let verified = self.verify(headers, &body, now)?;
        Ok(Webhook {
            verified,
            delivery: parse(body),
        })
    }

    /// Whether one of the secrets signed these bytes, lately. They are not looked into.
    ///
    /// The signature is judged before the time: a stale delivery is told apart from a forged one,
    /// so that who distrusts the clock can ask it again.
    pub fn verify(
        &self,
        headers: &Headers<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Verified, VerifyError> {
        if body.len() > self.body_bytes_max {
            return Err(VerifyError::BodyTooLarge {
                bytes_max: self.body_bytes_max,
            });
        }
        let Stamp {
            timestamp,
            signatures,
        } = headers.stamp()?;
        let key = self
            .matching(headers, body, &signatures)
            .ok_or(VerifyError::BadSignature)?;
        self.fresh(
            Verified {
                id: headers.id.to_owned(),
                timestamp,
                secret: key.secret,
                scheme: key.scheme,
            },
            now,
        )
    }

    /// The first key that made one of the signatures; each compared in constant time.
    fn matching(&self, headers: &Headers<'_>, body: &[u8], signatures: &[Vec<u8>]) -> Option<&Key> {
        self.keys.iter().find(|key| {
            let mac = signed(key.mac.clone(), headers.id, headers.timestamp, body);
            signatures
                .iter()
                .any(|signature| mac.clone().verify_slice(signature).is_ok())
        })
    }

    fn fresh(&self, verified: Verified, now: Timestamp) -> Result<Verified, VerifyError> {
        let age = now.duration_since(verified.timestamp);
        if age > self.tolerance {
            Err(VerifyError::TooOld { now, verified })
        } else if age < -self.tolerance {
            Err(VerifyError::TooNew { now, verified })
        } else {
            Ok(verified)
        }
    }
}

/// Neither secrets nor keys are printed.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("secrets", &self.secrets)
            .field("tolerance", &self.tolerance)
            .field("body_bytes_max", &self.body_bytes_max)
            .finish_non_exhaustive()
    }
}
