//! Which check a lease did not pass.

use polarkit_model::Timestamp;

/// Why a lease is not good here and now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LicenseError {
    /// It is no signed statement, or one of another kind, or longer than any.
    #[error("this is not a {expected}")]
    Malformed {
        /// What it should have been: the `typ` of its header.
        expected: &'static str,
    },
    /// None of the keys has the id it names: it is forged, or its key was replaced.
    #[error("none of the keys is {key_id}, which it says signed it")]
    UnknownKey {
        /// The `kid` of its header.
        key_id: String,
    },
    /// The key it names did not sign these bytes.
    #[error("the signature is not good")]
    BadSignature,
    /// Another organization gave it.
    #[error("it was given by another organization")]
    OtherOrganization,
    /// It was given to another machine.
    #[error("it was given to another machine")]
    OtherMachine,
    /// It is a seat of another pool.
    #[error("it is a seat of another pool")]
    OtherPool,
    /// The licence ended before it did, by the revocations at hand.
    #[error("the licence ended before it did")]
    Revoked,
    /// The clock is before a time already seen.
    #[error("the clock says {now}, and it was {latest} already")]
    ClockTurnedBack {
        /// What the clock says.
        now: Timestamp,
        /// The latest time seen.
        latest: Timestamp,
    },
    /// The clock is before the moment it was given.
    #[error("the clock says {now}, and it is good from {from} on")]
    NotYet {
        /// What the clock says.
        now: Timestamp,
        /// From when it is good.
        from: Timestamp,
    },
    /// It is over.
    #[error("it was good until {at}")]
    Expired {
        /// When it ended.
        at: Timestamp,
    },
}
