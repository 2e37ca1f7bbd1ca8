//! One bad event costs itself alone.

use std::sync::{Arc, Mutex};

use polarkit::{
    model::{CustomerId, EventCreate, FreeForm, Uuid},
    usage::{InvalidUsage, LostReason, MetadataValue, Tracked, UsageEvent, UsageTracker},
};
use proptest::{collection::btree_set, prelude::*};
use serde_json::{Value, json};

use super::{
    LONG,
    wire::{Fate, Wire, id, refusal},
};

/// The places of events whose id begins with `bad`.
fn bad(events: &[Value]) -> Vec<usize> {
    let is_bad = |event: &Value| id(event).starts_with("bad");
    (0..events.len())
        .filter(|at| is_bad(&events[*at]))
        .collect()
}

/// Tracks so many events, of which some are bad, and gives what was stored and what was lost.
async fn track(wire: &Wire, events: usize, is_bad: impl Fn(usize) -> bool) -> (usize, Vec<String>) {
    let lost = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&lost);
    let usage = UsageTracker::builder(wire.polar())
        .on_lost(move |one| {
            assert!(matches!(one.reason, LostReason::Refused(_)));
            let EventCreate::ExternalCustomer(event) = &one.event else {
                panic!("{one:?}")
            };
            told.lock()
                .unwrap()
                .push(event.external_id.clone().unwrap());
        })
        .start()
        .unwrap();
    for number in 0..events {
        let word = if is_bad(number) { "bad" } else { "good" };
        usage.track(UsageEvent::new("step", "u_42").external_id(format!("{word}-{number:03}")));
    }
    usage.flush(LONG).await.unwrap();
    let tally = usage.tally();
    let mut lost = lost.lock().unwrap().clone();
    lost.sort();
    assert_eq!(tally.failed, u64::try_from(lost.len()).unwrap());
    assert_eq!(tally.accepted, tally.delivered + tally.failed);
    (wire.stored().len(), lost)
}

#[tokio::test(start_paused = true)]
async fn events_that_polar_names_are_left_out_and_the_rest_goes_on() {
    let wire = Wire::new(|_, events| match bad(events) {
        none if none.is_empty() => Fate::Arrives,
        places => refusal(&places, "customer_id"),
    });
    let (stored, lost) = track(&wire, 100, |number| [7, 42, 99].contains(&number)).await;
    assert_eq!(stored, 97);
    assert_eq!(lost, ["bad-007", "bad-042", "bad-099"]);
    assert_eq!(wire.attempts().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_too_large_is_sent_in_halves() {
    let wire = Wire::new(|_, events| {
        if events.len() > 30 {
            Fate::Answered(413, None, String::new())
        } else {
            Fate::Arrives
        }
    });
    let (stored, lost) = track(&wire, 100, |_| false).await;
    assert_eq!((stored, lost.len()), (100, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Polar may blame nobody, or whom it likes: what it takes alone, it gets.
    #[test]
    fn without_names_the_bad_ones_are_found(
        bad_ones in btree_set(0..120_usize, 0..12),
        misleads in any::<bool>(),
    ) {
        let wire = Wire::new(move |_, events| match bad(events) {
            none if none.is_empty() => Fate::Arrives,
            _ if misleads => refusal(&[9_999], "customer_id"),
            _ => Fate::Answered(422, None, json!({"error": "X", "detail": "somewhere"}).to_string()),
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let (stored, lost) = runtime.block_on(track(&wire, 120, |at| bad_ones.contains(&at)));
        let expected: Vec<_> = bad_ones.iter().map(|at| format!("bad-{at:03}")).collect();
        prop_assert_eq!(stored, 120 - bad_ones.len());
        prop_assert_eq!(lost, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_polar_would_refuse_is_refused_at_the_call() {
    let usage = UsageTracker::start(Wire::good().polar()).unwrap();
    let event = || UsageEvent::new("step", "u_42");
    let value = |value: MetadataValue| event().metadata("key", value);
    let invalid = |key: &str| InvalidUsage::Value {
        key: key.to_owned(),
    };
    let many = (0..51).fold(event(), |event, key| event.metadata(format!("k{key}"), 1));
    let table = [
        (UsageEvent::new("", "u_42"), InvalidUsage::Name),
        (UsageEvent::new("n".repeat(129), "u_42"), InvalidUsage::Name),
        (
            UsageEvent::new("step", " "),
            InvalidUsage::Empty { field: "customer" },
        ),
        (
            event().external_id(""),
            InvalidUsage::Empty {
                field: "external id",
            },
        ),
        (event().parent(""), InvalidUsage::Empty { field: "parent" }),
        (
            UsageEvent::new("step", CustomerId::from(Uuid::nil())).member("m_1"),
            InvalidUsage::Member,
        ),
        (UsageEvent::new("st\0ep", "u_42"), InvalidUsage::Nul),
        (value("a\0".into()), InvalidUsage::Nul),
        (many, InvalidUsage::Keys),
        (event().metadata("", 1), InvalidUsage::Key),
        (event().metadata("k".repeat(41), 1), InvalidUsage::Key),
        (value("".into()), invalid("key")),
        (value("ñ".repeat(501).into()), invalid("key")),
        (value(f64::NAN.into()), invalid("key")),
        (value(json!({"a": 1}).into()), invalid("key")),
        (
            event().metadata(
                "_llm",
                Value::from(FreeForm::from_iter([(
                    "prompt".to_owned(),
                    "x".repeat(1 << 20).into(),
                )])),
            ),
            InvalidUsage::TooLarge { bytes_max: 1 << 20 },
        ),
    ];
    let count = u64::try_from(table.len()).unwrap();
    for (event, expected) in table {
        assert_eq!(usage.track(event), Tracked::Invalid(expected));
    }
    for event in [
        UsageEvent::new("ñ".repeat(128), "u_42"),
        value("ñ".repeat(500).into()),
        event().metadata("_cost", json!({"amount": 1.5, "currency": "usd"})),
        event().metadata("k".repeat(40), -0.5).member("m_1"),
    ] {
        assert_eq!(usage.track(event), Tracked::Accepted);
    }
    let tally = usage.tally();
    assert_eq!((tally.accepted, tally.refused), (4, count));
}
