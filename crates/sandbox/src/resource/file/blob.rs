//! Bytes of a file and their checksums. Saved as Base64, because worlds are saved as lines of text.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

use super::Digest;

/// Bytes that are cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Blob(pub(crate) Bytes);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64_STANDARD.decode(text).map_err(de::Error::custom)?;
        Ok(Self(bytes.into()))
    }
}

impl Digest {
    /// What is a SHA-256 in Base64, and nothing else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_STANDARD.decode(text).ok()?;
        (bytes.len() == Sha256::output_size()).then(|| Self(text.to_owned()))
    }

    /// That of these bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(BASE64_STANDARD.encode(Sha256::digest(bytes)))
    }

    /// In Base64.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// In hexadecimal.
    pub(crate) fn hex(&self) -> String {
        let bytes = BASE64_STANDARD.decode(&self.0).unwrap_or_default();
        hex(&bytes)
    }
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
    let both = |byte: &u8| [digit(byte >> 4), digit(byte & 15)];
    bytes.iter().flat_map(both).collect()
}
