//! A lease: which licence may be used on which machine, for what, until when.

use std::collections::BTreeMap;

use jiff::fmt::serde::timestamp::second::required as seconds;
use polarkit_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Statement;

/// What is hashed before a licence key, so that no other hash of it is the same.
const KEY_PREFIX: &str = "polarkit-license-key:";
/// The same of a machine.
const MACHINE_PREFIX: &str = "polarkit-machine:";

/// The right to use a licence on one machine for a while. Each field names its claim in the JWT.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lease {
    /// `jti`: names it; a renewal on the same machine keeps the name.
    #[serde(rename = "jti")]
    pub id: String,
    /// `iss`: the organization that gave it, by Polar's id.
    #[serde(rename = "iss")]
    pub organization: String,
    /// `iat`: when it was given.
    #[serde(rename = "iat", with = "seconds")]
    pub issued_at: Timestamp,
    /// `nbf`: from when it is good.
    #[serde(rename = "nbf", with = "seconds")]
    pub not_before: Timestamp,
    /// `exp`: until when, never past the licence's own end.
    #[serde(rename = "exp", with = "seconds")]
    pub expires_at: Timestamp,
    /// `license`: Polar's id of the licence key.
    pub license: String,
    /// `key`: what [`key_hash`] makes of the licence key.
    #[serde(rename = "key")]
    pub key_hash: String,
    /// `machine`: what [`machine_hash`] makes of the fingerprint.
    pub machine: String,
    /// `activation`: Polar's id of the activation it was asked with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<String>,
    /// `entitlements`: what it is good for.
    pub entitlements: Entitlements,
}

/// What the holder of the licence may use, as the gateway knew it when the lease was given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Entitlements {
    /// Polar's id of the benefit the licence key belongs to.
    pub benefit: String,
    /// Polar's ids of the products in use.
    #[serde(default)]
    pub products: Vec<String>,
    /// Every feature of the feature flags in use, with its value.
    #[serde(default)]
    pub features: BTreeMap<String, Value>,
}

impl Statement for Lease {
    const TYPE: &'static str = "polarkit-lease+jwt";
}

impl Lease {
    /// Whether it is of this licence key.
    pub fn is_of(&self, license_key: &str) -> bool {
        self.key_hash == key_hash(license_key)
    }
}

/// A licence key as leases name it: SHA-256 of `polarkit-license-key:` and the key, in hexadecimal.
pub fn key_hash(license_key: &str) -> String {
    hex(&Sha256::digest(format!("{KEY_PREFIX}{license_key}")))
}

/// A machine as leases name it: SHA-256 of `polarkit-machine:`, the hash of the key, `:` and the
/// fingerprint, in hexadecimal. One machine has another name under each licence.
pub fn machine_hash(key_hash: &str, fingerprint: &str) -> String {
    let text = format!("{MACHINE_PREFIX}{key_hash}:{fingerprint}");
    hex(&Sha256::digest(text))
}

fn hex(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    halves
        .filter_map(|half| char::from_digit(half.into(), 16))
        .collect()
}
