//! Signing, for those who send.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use polarkit_model::{Secret, Timestamp};
use sha2::Sha256;

use super::Scheme;

/// The `webhook-signature` of a body. A secret that has no key of the scheme signs with its whole
/// text.
pub fn sign(
    secret: &Secret,
    scheme: Scheme,
    id: &str,
    timestamp: Timestamp,
    body: &[u8],
) -> String {
    let mac = scheme
        .mac(secret)
        .or_else(|| Scheme::WholeSecret.mac(secret));
    let signature = mac.map(|mac| signed(mac, id, &timestamp.as_second().to_string(), body));
    let bytes = signature
        .map(|mac| mac.finalize().into_bytes().to_vec())
        .unwrap_or_default();
    format!("v1,{}", STANDARD.encode(bytes))
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
