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
    /// The key is what the part after `whsec_` decodes to, as Standard Webhooks has it.
    Decoded,
}

impl Scheme {
    pub(super) const ALL: [Self; 2] = [Self::WholeSecret, Self::Decoded];

    /// The keyed hash; `None` when the secret has no key of this scheme.
    pub(super) fn mac(self, secret: &Secret) -> Option<Hmac<Sha256>> {
        let secret = secret.reveal();
        match self {
            Self::WholeSecret => Hmac::new_from_slice(secret.as_bytes()).ok(),
            Self::Decoded => {
                let encoded = secret.strip_prefix("whsec_").unwrap_or(secret);
                let key = LENIENT.decode(encoded).ok().filter(|key| !key.is_empty())?;
                Hmac::new_from_slice(&key).ok()
            }
        }
    }
}

/// Secrets are random letters and digits: their padding is missing and their last bits are loose.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
