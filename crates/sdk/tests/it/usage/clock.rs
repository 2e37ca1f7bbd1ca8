//! Clocks that differ cost no event.

use std::sync::Arc;

use polarkit::{
    Clock, Timestamp,
    usage::{UsageEvent, UsageTracker},
};
use serde_json::Value;

use super::{
    LONG,
    wire::{Fate, Wire, refusal},
};

/// What Polar's clock says, and five minutes later.
const POLARS: &str = "2026-01-01T00:00:00Z";
const OURS: &str = "2026-01-01T00:05:00Z";

#[derive(Debug)]
struct Fast;

impl Clock for Fast {
    fn now(&self) -> Timestamp {
        OURS.parse().unwrap()
    }
}

fn timestamp(event: &Value) -> Timestamp {
    event["timestamp"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_event_of_a_fast_clock_is_dated_by_polars() {
    let polars: Timestamp = POLARS.parse().unwrap();
    let wire = Wire::new(move |_, events| {
        let future = |event: &Value| timestamp(event) > polars;
        let places: Vec<_> = (0..events.len())
            .filter(|at| future(&events[*at]))
            .collect();
        if places.is_empty() {
            return Fate::Arrives;
        }
        refusal(&places, "timestamp")
    });
    let wire = wire.dated("Thu, 01 Jan 2026 00:00:00 GMT");
    let polar = wire.polar_by(Arc::new(Fast));
    let builder = UsageTracker::builder(polar).clock(Arc::new(Fast));
    let usage = builder.start().unwrap();
    usage.track(UsageEvent::new("now", "u_42"));
    usage.track(UsageEvent::new("then", "u_42").timestamp("2025-12-31T12:00:00Z".parse().unwrap()));
    usage.flush(LONG).await.unwrap();
    usage.track(UsageEvent::new("later", "u_42"));
    usage.flush(LONG).await.unwrap();
    assert_eq!((usage.tally().delivered, usage.tally().failed), (3, 0));
    let attempts = wire.attempts();
    let dates = |at: usize| {
        attempts[at]
            .events
            .iter()
            .map(timestamp)
            .collect::<Vec<_>>()
    };
    assert_eq!(dates(1), [polars, "2025-12-31T12:00:00Z".parse().unwrap()]);
    assert_eq!(dates(2), [polars]);
    assert_eq!(attempts.len(), 3); // the second batch knew
}
