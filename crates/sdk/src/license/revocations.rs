//! Leases whose licence ended before they did: a signed list that can be carried to where no network
//! reaches.

use jiff::fmt::serde::timestamp::second::required as seconds;
use polarkit_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Lease, Statement};

/// A page of the list, or several put together. Each field names its claim in the JWT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocations {
    /// `iss`: the organization that gave it, by Polar's id.
    #[serde(rename = "iss")]
    pub organization: String,
    /// `iat`: when it was written. What ended later is not in it.
    #[serde(rename = "iat", with = "seconds")]
    pub issued_at: Timestamp,
    /// `revoked`: the leases, those that ended first in front.
    pub revoked: Vec<Revoked>,
    /// `next`: where the next page begins, when this one was full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A lease whose licence ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// The lease's id.
    pub lease: String,
    /// The hash of its licence key.
    pub key: String,
    /// When the gateway learned of it.
    #[serde(with = "seconds")]
    pub at: Timestamp,
    /// When the lease itself ends: nobody need remember it longer.
    #[serde(with = "seconds")]
    pub until: Timestamp,
}

impl Statement for Revocations {
    const TYPE: &'static str = "polarkit-revocations+jwt";
}

impl Revocations {
    /// Whether this lease is in it.
    pub fn holds(&self, lease: &Lease) -> bool {
        self.names(&lease.id)
    }

    /// Whether a lease or a pool of this id is in it.
    pub(super) fn names(&self, id: &str) -> bool {
        self.revoked.iter().any(|one| one.lease == id)
    }

    /// Takes in another page, or a later list.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let new = other.revoked.into_iter();
        let new: Vec<Revoked> = new.filter(|one| !self.revoked.contains(one)).collect();
        self.revoked.extend(new);
        self.issued_at = self.issued_at.max(other.issued_at);
        self.next = other.next;
        self
    }
}
