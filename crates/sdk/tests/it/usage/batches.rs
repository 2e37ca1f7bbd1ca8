//! When a batch leaves, and what it holds.

use std::time::Duration;

use polarkit::usage::{Tracked, UsageEvent, UsageTracker};
use tokio::time::Instant;

use super::{
    LONG,
    wire::{Attempt, Fate, Wire, pass},
};

fn event(number: usize) -> UsageEvent {
    UsageEvent::new("step", "u_42").metadata("number", number)
}

#[tokio::test(start_paused = true)]
async fn a_lone_event_leaves_when_it_is_old_enough() {
    let wire = Wire::good();
    let begun = Instant::now();
    let usage = UsageTracker::start(wire.polar()).unwrap();
    assert_eq!(usage.track(event(0)), Tracked::Accepted);
    pass(Duration::from_mins(1)).await;
    let attempts = wire.attempts();
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].at - begun, Duration::from_secs(5));
    assert_eq!(usage.tally().delivered, 1);
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_leaves_at_once_and_the_rest_waits_its_turn() {
    let wire = Wire::good();
    let begun = Instant::now();
    let builder = UsageTracker::builder(wire.polar());
    let usage = builder.batch_events_max(10).start().unwrap();
    for number in 0..25 {
        usage.track(event(number));
    }
    pass(Duration::from_mins(1)).await;
    let left: Vec<_> = wire
        .attempts()
        .iter()
        .map(|attempt| (attempt.events.len(), (attempt.at - begun).as_secs()))
        .collect();
    assert_eq!(left, [(10, 0), (10, 0), (5, 5)]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_bounded_in_bytes() {
    let wire = Wire::good();
    let builder = UsageTracker::builder(wire.polar()).batch_bytes_max(2_000);
    let usage = builder.start().unwrap();
    for _ in 0..10 {
        usage.track(UsageEvent::new("note", "u_42").metadata("text", "x".repeat(500)));
    }
    usage.flush(LONG).await.unwrap();
    let attempts = wire.attempts();
    let sizes: Vec<_> = attempts.iter().map(|a| a.events.len()).collect();
    assert_eq!(sizes, [3, 3, 3, 1]);
    for Attempt { events, .. } in attempts {
        let bytes: usize = events.iter().map(|event| event.to_string().len()).sum();
        assert!(bytes <= 2_000, "{bytes}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_what_came_before_and_not_for_what_comes_after() {
    let wire = Wire::first(1, Fate::Hangs(Duration::from_secs(3)));
    let usage = UsageTracker::start(wire.polar()).unwrap();
    usage.track(event(0));
    let begun = Instant::now();
    let flushed = usage.clone();
    let after = async {
        pass(Duration::from_secs(1)).await;
        usage.track(event(1));
    };
    let (result, ()) = tokio::join!(flushed.flush(LONG), after);
    result.unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
    assert_eq!((usage.tally().delivered, usage.tally().pending), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_flush_of_nothing_is_done() {
    let usage = UsageTracker::start(Wire::good().polar()).unwrap();
    usage.flush(Duration::ZERO).await.unwrap();
}

#[test]
fn code_without_a_runtime_tracks_and_flushes() {
    let wire = Wire::good();
    let usage = UsageTracker::start(wire.polar()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..100 {
                    usage.track(event(number));
                }
            });
        }
    });
    usage.flush_blocking(LONG).unwrap();
    assert_eq!(usage.tally().delivered, 400);
    usage.track(event(0));
    assert_eq!(usage.shutdown_blocking(LONG).delivered, 401);
    assert_eq!(usage.track(event(1)), Tracked::Closed);
    assert_eq!(wire.stored().len(), 401);
}

#[tokio::test(start_paused = true)]
async fn a_batch_may_wait_until_it_is_full_however_long_that_takes() {
    let wire = Wire::good();
    let builder = UsageTracker::builder(wire.polar()).batch_events_max(2);
    let usage = builder.batch_age_max(Duration::MAX).start().unwrap();
    usage.track(event(0));
    pass(Duration::from_hours(1)).await;
    assert_eq!(usage.tally().pending, 1, "{:?}", usage.tally());
    usage.track(event(1));
    pass(Duration::from_secs(1)).await;
    assert_eq!(usage.tally().delivered, 2);
}
