//! Signing, for those who send.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use polarkit_model::{Secret, Timestamp};
use sha2::Sha256;

use super::{Scheme, SecretError, key::is_guessable};

/// The `webhook-signature` of a body, such as `v1,ELJJ…=`.
///
/// Refuses a secret that is none, and one that has no key of the scheme.
pub fn sign(
    secret: &Secret,
    scheme: Scheme,
    id: &str,
    timestamp: Timestamp,
    body: &[u8],
) -> Result<String, SecretError> {
    if is_guessable(secret) {
        return Err(SecretError::Guessable { index: 0 });
    }
    let mac = scheme.mac(secret).ok_or(SecretError::NoKey)?;
    let mac = signed(mac, id, &timestamp.as_second().to_string(), body);
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    Ok(format!("v1,{signature}"))
}

/// What is signed: id, time and body with dots between.
pub(super) fn signed(
    mut mac: Hmac<Sha256>,
    id: &str,
    timestamp: &str,
    body: &[u8],
) -> Hmac<Sha256> {
    mac.update(id.as_bytes());
    mac.update(b".");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}
