//! What was accepted is delivered, pending or failed, at every instant.

use std::{sync::Arc, time::Duration};

use polarkit::usage::{UsageEvent, UsageTally, UsageTracker};
use proptest::{collection::vec, prelude::*};
use serde_json::Value;

use super::{
    LONG,
    wire::{Fate, Wire, pass, refusal},
};

fn adds_up(tally: &UsageTally) -> bool {
    tally.accepted == tally.delivered + tally.pending + tally.failed
}

/// One of the things that can happen to an attempt.
fn fate() -> impl Strategy<Value = Fate> {
    let answered = |status, after| Fate::Answered(status, after, String::new());
    prop_oneof![
        3 => Just(Fate::Arrives),
        1 => Just(Fate::Unreached),
        1 => Just(Fate::AnswerLost),
        1 => Just(answered(429, Some(2))),
        1 => Just(answered(503, None)),
        1 => Just(answered(413, None)),
        1 => Just(refusal(&[0], "customer_id")),
        1 => (1..40_u64).prop_map(|seconds| Fate::Hangs(Duration::from_secs(seconds))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_count_adds_up_whatever_happens(
        fates in vec(fate(), 1..40),
        writers in 1..8_usize,
        events_max in 20..400_usize,
        deadline in 0..120_u64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let wire = Wire::new(move |number, _: &[Value]| {
            let at = usize::try_from(number).unwrap();
            fates.get(at).cloned().unwrap_or(Fate::Arrives)
        });
        runtime.block_on(async {
            let builder = UsageTracker::builder(wire.polar());
            let usage = builder.events_max(events_max).batch_events_max(16).start().unwrap();
            let write = |writer: usize| {
                let usage = usage.clone();
                async move {
                    let mut tracked = 0_u64;
                    for number in 0..60 {
                        usage.track(UsageEvent::new("step", "u_42").metadata("number", number));
                        tracked += 1;
                        assert!(adds_up(&usage.tally()), "{:?}", usage.tally());
                        pass(Duration::from_millis(u64::try_from(writer * 37 % 900).unwrap())).await;
                    }
                    tracked
                }
            };
            let tracked: u64 = futures_util::future::join_all((0..writers).map(write)).await.iter().sum();
            assert!(adds_up(&usage.tally()), "{:?}", usage.tally());
            let end = usage.shutdown(Duration::from_secs(deadline)).await;
            assert!(adds_up(&end), "{end:?}");
            assert_eq!(end.pending, 0, "{end:?}");
            assert_eq!(end.accepted + end.dropped, tracked);
            let stored = u64::try_from(wire.stored().len()).unwrap();
            assert!(stored >= end.delivered, "{stored} {end:?}");
        });
    }
}

/// Real threads, a real clock, and a reader in between.
#[test]
fn the_count_adds_up_between_threads() {
    let wire = Wire::new(|number, _| match number % 3 {
        0 => Fate::Answered(413, None, String::new()),
        1 => Fate::Arrives,
        _ => refusal(&[0, 1], "customer_id"),
    });
    let builder = UsageTracker::builder(wire.polar());
    let usage = builder.batch_events_max(64).start().unwrap();
    let usage = Arc::new(usage);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for number in 0..2_000 {
                    usage.track(UsageEvent::new("step", "u_42").metadata("number", number));
                    assert!(adds_up(&usage.tally()));
                }
            });
        }
    });
    usage.flush_blocking(LONG).unwrap();
    let tally = usage.tally();
    assert_eq!((tally.accepted, tally.pending), (12_000, 0));
    let stored = u64::try_from(wire.stored().len()).unwrap();
    assert_eq!(stored, tally.delivered);
    assert!(tally.failed > 0, "{tally:?}");
}
