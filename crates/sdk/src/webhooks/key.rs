//! Two ways to make a key of a secret. Polar uses both, older endpoints the first, newer the
//! second, and the secret doesn't tell which.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use hmac::{Hmac, KeyInit as _};
use polarkit_model::Secret;
use sha2::Sha256;

/// How a secret becomes a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// The key is the bytes of the whole secret, prefix and all.
    WholeSecret,
    /// The key is what the part after the prefix decodes to from base64, as Standard Webhooks has it.
    Decoded,
}

/// Why a secret can't be used. It says which one, never what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// There is none: nothing could ever be verified.
    #[error("no webhook secret was given")]
    Missing,
    /// It is empty, blank, or a prefix with nothing behind: anybody could sign with it.
    #[error("webhook secret {} holds no secret", .index + 1)]
    Guessable {
        /// Which, counted from 0.
        index: usize,
    },
    /// White space stands before or behind it, such as the line break its file ends with: Polar
    /// never signs with that.
    #[error("webhook secret {} begins or ends with white space", .index + 1)]
    Untrimmed {
        /// Which, counted from 0.
        index: usize,
    },
    /// Its text is not base64, so that it has no key of the scheme asked for.
    #[error("the webhook secret has no key of that scheme")]
    NoKey,
}

/// What secrets start with, in front of what is secret.
const PREFIXES: [&str; 2] = ["whsec_", "polar_whs_"];

impl Scheme {
    pub(super) const ALL: [Self; 2] = [Self::WholeSecret, Self::Decoded];

    /// The keyed hash; `None` when the secret has no key of this scheme, or is none.
    pub(super) fn mac(self, secret: &Secret) -> Option<Hmac<Sha256>> {
        if is_guessable(secret) {
            return None;
        }
        match self {
            Self::WholeSecret => Hmac::new_from_slice(secret.reveal().as_bytes()).ok(),
            Self::Decoded => {
                let key = LENIENT.decode(without_prefix(secret)).ok();
                let key = key.filter(|key| !key.is_empty())?;
                Hmac::new_from_slice(&key).ok()
            }
        }
    }
}

/// Whether nothing about it is secret.
pub(super) fn is_guessable(secret: &Secret) -> bool {
    without_prefix(secret).trim().is_empty()
}

fn without_prefix(secret: &Secret) -> &str {
    let secret = secret.reveal();
    PREFIXES
        .iter()
        .find_map(|prefix| secret.strip_prefix(prefix))
        .unwrap_or(secret)
}

/// Secrets are random letters and digits: their padding is missing and their last bits are loose.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
