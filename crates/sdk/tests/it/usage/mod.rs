//! Usage is delivered once, in batches, and never in the way.

mod accounts;
mod arrival;
mod batches;
mod clock;
mod layer;
mod outage;
mod refusal;
mod shape;
mod strategies;
mod wire;

use std::time::Duration;

/// More than any wait here; the clock is paused.
pub(crate) const LONG: Duration = Duration::from_hours(24);
