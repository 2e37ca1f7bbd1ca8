//! How a delivery proves where it comes from.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The `webhook-signature` of a body: the key is the text of the whole secret, prefix included.
pub(crate) fn sign(secret: &str, id: &str, seconds: i64, body: &[u8]) -> String {
    let head = format!("{id}.{seconds}.");
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        // HMAC takes keys of every length.
        return String::new();
    };
    let mac = mac.chain_update(head).chain_update(body);
    let tag = mac.finalize().into_bytes();
    format!("v1,{}", BASE64_STANDARD.encode(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "3f0c6b0e-6f0a-4d2a-9a51-0d4f5f6c7b8a";
    const BODY: &str = r#"{"type":"order.paid","timestamp":"2026-01-01T00:00:00Z","data":{}}"#;

    #[test]
    fn the_key_is_the_text_of_the_whole_secret() {
        let secret = "whsec_abcdefghijklmnopqrstuvwxyzABCDEFGHIJK4WQsSZ";
        assert_eq!(
            sign(secret, ID, 1_767_225_600, BODY.as_bytes()),
            "v1,ELJJHmgpYfWrMvELYiZ69e5rX5RYsMzG0jl1DYWRVsE="
        );
    }

    #[test]
    fn a_secret_of_any_shape_will_do() {
        let secret = "00000000000040008000000000000001";
        assert_eq!(
            sign(secret, ID, 1_767_225_600, BODY.as_bytes()),
            "v1,EpO7HhJwGrkJhxxFYsObgr/ktHx+u+rf0ruieIkg0sg="
        );
    }
}
