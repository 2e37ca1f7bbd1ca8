//! Text that must not be seen: never in a log, an error, a debug print.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};

use crate::read::{Node, Read, through_serde};

/// A token, a signing secret, a licence key. Wiped when dropped, and printed by nobody.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// The only way out, so that one search finds every use.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Takes the same time wherever the texts differ.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (one, two) = (self.reveal().as_bytes(), other.reveal().as_bytes());
        one.len() == two.len() && one.iter().zip(two).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
    }
}

impl Eq for Secret {}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<SecretString> for Secret {
    fn from(text: SecretString) -> Self {
        Self(text)
    }
}

/// Sending is what secrets are for, so that they are written in full.
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.reveal())
    }
}

impl Read for Secret {
    fn read(node: &Node<'_>) -> Self {
        if node.json().is_none() {
            node.expected("text");
        }
        Self::from(node.text())
    }
}

through_serde!(Secret);
