//! Usage: told in passing, delivered in batches, counted once.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use polarkit::{Polar, usage::{UsageEvent, UsageTracker}};
//!
//! let usage = UsageTracker::start(Polar::new("polar_oat_…")?)?;
//!
//! usage.track_api_call("u_42", "/api/translate", 3);
//! usage.track_storage_usage("u_42", 52_428_800);
//! usage.track(UsageEvent::new("image_rendered", "u_42").metadata("pixels", 1_048_576));
//!
//! let tally = usage.shutdown(Duration::from_secs(10)).await;
//! println!("{} delivered, {} lost", tally.delivered, tally.failed);
//! # Ok(()) }
//! ```
//!
//! Tracking never waits and never fails the request it measures: it checks the event by Polar's
//! own rules, gives it an id, and puts it in memory. A call needs no runtime and may come from any
//! thread. From there:
//!
//! - A batch leaves when it is full or its oldest event is 5 seconds old.
//! - What isn't about the events is waited out, however long it lasts: an outage, a rate limit, a
//!   token that was refused (it may be renewed), a proxy's page. The wait is 1 second, doubled up
//!   to a minute; a server that asks for more is obeyed. Every batch may be sent again, because
//!   Polar counts an event's id once.
//! - An event that Polar refuses fails alone: the rest of its batch is sent without it.
//! - Memory is bounded. At the bound new events are dropped, counted, and logged once.
//! - What is pending lives in memory: a process that is killed loses it. Where that must not
//!   happen, run the gateway, which writes usage down before it says yes.
//!
//! [`UsageTracker::tally`] counts all of it; what goes wrong is logged by `tracing`.

mod builder;
mod bytes;
mod check;
mod delivery;
mod event;
mod llm;
mod lost;
mod queue;
mod strategy;
mod tracker;
mod verdict;

pub use self::{
    builder::UsageBuilder,
    bytes::CountedBytes,
    check::InvalidUsage,
    event::{MetadataValue, UsageCustomer, UsageEvent, UsageMember},
    llm::{LlmReading, LlmUsage},
    lost::{LostReason, LostUsage},
    strategy::{Stopwatch, Strategy},
    tracker::{NotFlushed, Tracked, UsageTally, UsageTracker},
};
