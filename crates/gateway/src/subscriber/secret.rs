//! What a subscriber's webhooks are signed with: the present secret and, for a while after a
//! rotation, those before it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use polarkit::webhooks::{Scheme, SecretError, sign};
use polarkit_model::Secret;
use serde::{Deserialize, Serialize};

/// What Standard Webhooks' secrets begin with.
const PREFIX: &str = "whsec_";
/// Random bytes of a secret made here.
const KEY_BYTES: usize = 32;
/// Shortest and longest key that is taken; the bounds of Standard Webhooks.
const KEY_BYTES_BOUNDS: std::ops::RangeInclusive<usize> = 24..=64;
/// Secrets in force at once, the present one included.
const RING_MAX: usize = 4;

/// The secrets of one subscriber, newest first.
#[derive(Debug, Clone)]
pub(crate) struct Ring(Vec<Held>);

#[derive(Debug, Clone)]
struct Held {
    secret: Secret,
    /// Until when it still signs; the present one has no end.
    until: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    secret: String,
    until: Option<Timestamp>,
}

/// Why a secret can't be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error(
        "secret: must be whsec_ and then 24 to 64 random bytes in base64; leave it out to have \
         one made"
    )]
    Malformed,
    #[error("secret: is in use already; give another, or leave it out to have one made")]
    Known,
}

/// Rotations are in the way of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("four secrets are in force; wait for one to end, or rotate with overlap_hours 0")]
pub(crate) struct Crowded;

impl Ring {
    pub(crate) fn of(secret: Secret) -> Self {
        Self(vec![Held {
            secret,
            until: None,
        }])
    }

    /// Puts another secret in front; those before sign along until the overlap is over.
    pub(crate) fn rotate(
        &mut self,
        secret: Secret,
        overlap: SignedDuration,
        now: Timestamp,
    ) -> Result<(), Crowded> {
        let end = now.checked_add(overlap).unwrap_or(Timestamp::MAX);
        for held in &mut self.0 {
            held.until = Some(held.until.map_or(end, |until| until.min(end)));
        }
        self.0.retain(|held| held.until > Some(now));
        if self.0.len() >= RING_MAX {
            return Err(Crowded);
        }
        self.0.insert(
            0,
            Held {
                secret,
                until: None,
            },
        );
        Ok(())
    }

    pub(crate) fn holds(&self, secret: &Secret) -> bool {
        self.0.iter().any(|held| held.secret == *secret)
    }

    /// When the last of the earlier secrets ends.
    pub(crate) fn overlap_ends(&self, now: Timestamp) -> Option<Timestamp> {
        let ends = self.0.iter().filter_map(|held| held.until);
        ends.filter(|until| *until > now).max()
    }

    /// The `webhook-signature`: one signature for each secret in force, the newest first.
    pub(crate) fn sign(
        &self,
        id: &str,
        now: Timestamp,
        body: &[u8],
    ) -> Result<String, SecretError> {
        let alive = |held: &&Held| held.until.is_none_or(|until| until > now);
        let alive = self.0.iter().filter(alive);
        let signatures: Result<Vec<String>, SecretError> = alive
            .map(|held| sign(&held.secret, Scheme::Decoded, id, now, body))
            .collect();
        Ok(signatures?.join(" "))
    }

    /// As the store keeps it.
    pub(crate) fn text(&self) -> String {
        let stored = self.0.iter().map(|held| Stored {
            secret: held.secret.reveal().to_owned(),
            until: held.until,
        });
        // A list of texts always has a JSON form.
        serde_json::to_string(&stored.collect::<Vec<_>>()).unwrap_or_default()
    }

    pub(crate) fn read(text: &str) -> Result<Self, serde_json::Error> {
        let stored: Vec<Stored> = serde_json::from_str(text)?;
        let held = stored.into_iter().map(|Stored { secret, until }| Held {
            secret: secret.into(),
            until,
        });
        Ok(Self(held.collect()))
    }
}

/// A secret nobody else knows.
pub(crate) fn make() -> Result<Secret, getrandom::Error> {
    let mut key = [0_u8; KEY_BYTES];
    getrandom::fill(&mut key)?;
    Ok(format!("{PREFIX}{}", STANDARD.encode(key)).into())
}

/// A secret somebody brought.
pub(crate) fn taken(text: &str) -> Result<Secret, Unfit> {
    let key = text.strip_prefix(PREFIX).ok_or(Unfit::Malformed)?;
    let key = STANDARD
        .decode(key)
        .map_err(|_malformed| Unfit::Malformed)?;
    if !KEY_BYTES_BOUNDS.contains(&key.len()) {
        return Err(Unfit::Malformed);
    }
    Ok(text.to_owned().into())
}
