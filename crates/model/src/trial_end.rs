//! When a trial is to end.

use serde::{Serialize, Serializer};

use crate::{Patch, Timestamp};

/// Now, or at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrialEnd {
    /// At once.
    Now,
    /// Then.
    At(Timestamp),
}

impl Serialize for TrialEnd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Now => serializer.serialize_str("now"),
            Self::At(time) => time.serialize(serializer),
        }
    }
}

impl From<Timestamp> for TrialEnd {
    fn from(time: Timestamp) -> Self {
        Self::At(time)
    }
}

impl From<Timestamp> for Patch<TrialEnd> {
    fn from(time: Timestamp) -> Self {
        Self::Value(time.into())
    }
}
