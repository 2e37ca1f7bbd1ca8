//! A licence key's name: its hash, which is all that is kept of it.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::keys::hex;

/// The SHA-256 of a licence key. Polar's keys have 122 random bits: nobody gets from here to there.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct KeyHash([u8; 32]);

impl KeyHash {
    pub(crate) fn of(license_key: &str) -> Self {
        Self(Sha256::digest(license_key.as_bytes()).into())
    }
}

impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
