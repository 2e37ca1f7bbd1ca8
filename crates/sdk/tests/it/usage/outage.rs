//! What isn't about the events is waited out.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use polarkit::usage::{LostReason, Tracked, UsageEvent, UsageTally, UsageTracker};

use super::{
    LONG,
    wire::{Fate, Wire, id, pass},
};

fn event() -> UsageEvent {
    UsageEvent::new("step", "u_42")
}

#[tokio::test(start_paused = true)]
async fn nothing_is_given_up_for_what_is_not_about_the_events() {
    let page = "<html>403 Forbidden</html>";
    let fates = [
        Fate::Unreached,
        Fate::AnswerLost,
        Fate::Answered(401, None, r#"{"error":"invalid_token"}"#.to_owned()),
        Fate::Answered(403, None, r#"{"error":"insufficient_scope"}"#.to_owned()),
        Fate::Answered(403, None, page.to_owned()),
        Fate::Answered(422, None, page.to_owned()),
        Fate::Answered(404, None, r#"{"detail":"Not Found"}"#.to_owned()),
        Fate::Answered(429, Some(7), String::new()),
        Fate::Answered(500, None, "Internal Server Error".to_owned()),
        Fate::Answered(200, None, page.to_owned()),
        Fate::Hangs(Duration::from_mins(10)),
    ];
    for fate in fates {
        let wire = Wire::first(20, fate.clone());
        let usage = UsageTracker::start(wire.polar()).unwrap();
        usage.track(event());
        usage.track(event());
        pass(LONG).await;
        let UsageTally {
            delivered, failed, ..
        } = usage.tally();
        assert_eq!((delivered, failed), (2, 0), "{fate:?}");
        assert_eq!(wire.attempts().len(), 21, "{fate:?}");
        assert_eq!(wire.stored().len(), 2, "{fate:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_lost_counts_nothing_twice() {
    let wire = Wire::first(3, Fate::AnswerLost);
    let usage = UsageTracker::start(wire.polar()).unwrap();
    usage.track(event());
    usage.flush(LONG).await.unwrap();
    let tally = usage.tally();
    assert_eq!((tally.delivered, tally.duplicates), (1, 1));
    let ids: Vec<_> = wire.attempts().iter().map(|a| id(&a.events[0])).collect();
    assert_eq!(ids.len(), 4);
    assert!(ids.iter().all(|sent| *sent == ids[0]), "{ids:?}");
}

#[tokio::test(start_paused = true)]
async fn an_odd_answer_of_success_is_one() {
    let wire = Wire::first(1, Fate::Answered(200, None, r#"{"stored":[1]}"#.to_owned()));
    let usage = UsageTracker::start(wire.polar()).unwrap();
    usage.track(event());
    usage.flush(LONG).await.unwrap();
    assert_eq!(wire.attempts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn waits_double_up_to_a_minute_and_a_server_is_obeyed() {
    let wire = Wire::new(|number, _| match number {
        0..10 => Fate::Unreached,
        10 => Fate::Answered(429, Some(300), String::new()),
        _ => Fate::Arrives,
    });
    let usage = UsageTracker::start(wire.polar()).unwrap();
    usage.track(event());
    pass(LONG).await;
    let at: Vec<_> = wire.attempts().iter().map(|attempt| attempt.at).collect();
    let waits: Vec<_> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (wait, bound) in waits.iter().zip([1, 2, 4, 8, 16, 32, 60, 60, 60, 60]) {
        let bound = Duration::from_secs(bound);
        assert!((bound / 2..=bound).contains(wait), "{waits:?}");
    }
    assert_eq!(waits[10], Duration::from_mins(5));
    assert_eq!(waits.len(), 11);
}

#[tokio::test(start_paused = true)]
async fn at_the_bound_the_newest_are_dropped_until_there_is_room() {
    let wire = Wire::first(5, Fate::Unreached);
    let builder = UsageTracker::builder(wire.polar());
    let usage = builder.events_max(3).start().unwrap();
    let became: Vec<_> = (0..5).map(|_| usage.track(event())).collect();
    let (kept, dropped) = became.split_at(3);
    assert!(kept.iter().all(Tracked::is_accepted), "{became:?}");
    assert!(
        dropped.iter().all(|one| *one == Tracked::Full),
        "{became:?}"
    );
    pass(Duration::from_secs(10)).await; // on their way, not settled
    assert_eq!(usage.track(event()), Tracked::Full);
    usage.flush(LONG).await.unwrap();
    assert_eq!(usage.track(event()), Tracked::Accepted);
    let tally = usage.tally();
    assert_eq!((tally.accepted, tally.dropped), (4, 3));
}

#[tokio::test(start_paused = true)]
async fn memory_is_bounded_in_bytes() {
    let builder = UsageTracker::builder(Wire::first(u64::MAX, Fate::Unreached).polar());
    let usage = builder.bytes_max(1_000).start().unwrap();
    let note = || UsageEvent::new("note", "u_42").metadata("text", "x".repeat(500));
    assert_eq!(usage.track(note()), Tracked::Accepted);
    assert_eq!(usage.track(note()), Tracked::Full);
}

#[tokio::test(start_paused = true)]
async fn a_flush_ends_at_its_deadline_and_says_what_is_left() {
    let wire = Wire::first(u64::MAX, Fate::Unreached);
    let usage = UsageTracker::start(wire.polar()).unwrap();
    usage.track(event());
    usage.track(event());
    let late = usage.flush(Duration::from_secs(30)).await.unwrap_err();
    assert_eq!(late.left, 2);
    assert_eq!(usage.tally().pending, 2);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_cuts_a_long_wait_short() {
    let wire = Wire::first(8, Fate::Unreached);
    let usage = UsageTracker::start(wire.polar()).unwrap();
    usage.track(event());
    pass(Duration::from_secs(100)).await; // seven failures: the next wait is a minute
    assert_eq!(usage.tally().pending, 1);
    usage.flush(Duration::from_secs(4)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_a_shutdown_cannot_deliver_has_failed_and_is_told() {
    let wire = Wire::first(u64::MAX, Fate::Hangs(LONG));
    let lost = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&lost);
    let builder = UsageTracker::builder(wire.polar()).batch_events_max(2);
    let usage = builder
        .on_lost(move |one| told.lock().unwrap().push(one.reason.clone()))
        .start()
        .unwrap();
    for _ in 0..3 {
        usage.track(event());
    }
    let tally = usage.shutdown(Duration::from_secs(5)).await;
    assert_eq!((tally.accepted, tally.failed, tally.pending), (3, 3, 0));
    assert_eq!(*lost.lock().unwrap(), [(); 3].map(|()| LostReason::Ended));
    assert_eq!(usage.track(event()), Tracked::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_tracker_that_is_dropped_still_delivers() {
    let wire = Wire::first(2, Fate::Unreached);
    let usage = UsageTracker::start(wire.polar()).unwrap();
    usage.track(event());
    drop(usage);
    pass(Duration::from_secs(10)).await;
    assert_eq!(wire.stored().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_dropped_does_not_go_on_for_ever() {
    let wire = Wire::first(u64::MAX, Fate::Unreached);
    let usage = UsageTracker::start(wire.polar()).unwrap();
    usage.track(event());
    drop(usage);
    pass(LONG).await;
    let attempts = wire.attempts().len();
    assert!((2..20).contains(&attempts), "{attempts}");
}

#[test]
fn a_runtime_that_ends_leaves_nothing_pending() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let wire = Wire::first(u64::MAX, Fate::Hangs(LONG));
    let usage = runtime.block_on(async { UsageTracker::start(wire.polar()).unwrap() });
    usage.track(event());
    drop(runtime);
    let tally = usage.tally();
    assert_eq!((tally.accepted, tally.failed, tally.pending), (1, 1, 0));
    assert_eq!(usage.track(event()), Tracked::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_panics_ends_nothing() {
    let wire = Wire::first(1, super::wire::refusal(&[0], "customer_id"));
    let builder = UsageTracker::builder(wire.polar());
    let usage = builder.on_lost(|_| panic!("mine")).start().unwrap();
    usage.track(event());
    usage.flush(LONG).await.unwrap();
    usage.track(event());
    usage.flush(LONG).await.unwrap();
    assert_eq!((usage.tally().failed, usage.tally().delivered), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_no_wait_is_not_hammered() {
    let wire = Wire::new(|_, _| Fate::Answered(429, Some(0), String::new()));
    let usage = UsageTracker::start(wire.polar()).unwrap();
    usage.track(event());
    pass(Duration::from_mins(2)).await;
    let attempts = wire.attempts().len();
    assert!(attempts < 10, "{attempts} attempts in two minutes");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_down_says_for_how_long() {
    let wire = Wire::first(1, Fate::Answered(503, Some(300), String::new()));
    let usage = UsageTracker::start(wire.polar()).unwrap();
    usage.track(event());
    pass(LONG).await;
    let at: Vec<_> = wire.attempts().iter().map(|attempt| attempt.at).collect();
    assert_eq!(at[1] - at[0], Duration::from_mins(5));
}
