//! Time is handed in, so that a rule can be tested at any hour of any year.

use std::fmt::Debug;

use jiff::Timestamp;

/// Whoever knows what time it is. This crate reads no clock itself.
pub trait Clock: Debug + Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}
