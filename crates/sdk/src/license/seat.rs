//! Floating seats: a server without a network hands out the seats of a pool that the gateway signed,
//! and whoever holds one is verified with the gateway's public keys alone.

use jiff::fmt::serde::timestamp::second::required as seconds;
use polarkit_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Entitlements, Statement};

/// So many seats of a licence, for one server to hand out. Each field names its claim in the JWT.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pool {
    /// `jti`: names it, as a lease; a renewal keeps the name.
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
    /// `key`: what [`key_hash`](super::key_hash) makes of the licence key.
    #[serde(rename = "key")]
    pub key_hash: String,
    /// `seats`: how many may be taken at once.
    pub seats: u32,
    /// `server`: the public key of the server that hands them out, as
    /// [`SigningKey::public_text`](super::SigningKey::public_text) has it.
    pub server: String,
    /// `entitlements`: what a seat is good for.
    pub entitlements: Entitlements,
}

/// A seat taken by one machine for a short while. Each field names its claim in the JWT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// `jti`: names it while it is held.
    #[serde(rename = "jti")]
    pub id: String,
    /// `iat`: when it was taken or last renewed.
    #[serde(rename = "iat", with = "seconds")]
    pub issued_at: Timestamp,
    /// `exp`: when it is free again, unless it is renewed.
    #[serde(rename = "exp", with = "seconds")]
    pub expires_at: Timestamp,
    /// `pool`: of which pool it is.
    pub pool: String,
    /// `machine`: what [`machine_hash`](super::machine_hash) makes of the fingerprint.
    pub machine: String,
}

/// A seat that is good, with the pool it is of.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct HeldSeat {
    /// The seat.
    pub seat: Seat,
    /// Its pool: what the seat is good for stands there.
    pub pool: Pool,
}

impl Statement for Pool {
    const TYPE: &'static str = "polarkit-pool+jwt";
}

impl Statement for Seat {
    const TYPE: &'static str = "polarkit-seat+jwt";
}
