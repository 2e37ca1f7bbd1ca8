//! Deliveries of the real Polar server. They lie with the conformance suite, so that
//! `.ci/conformance` runs these tests; without the suite they fail.

use std::path::{Path, PathBuf};

use polarkit::webhooks;
use serde::Deserialize;
use serde_json::Value;

use super::corpus::{Recorded, nothing_is_unrecognized};

#[expect(
    clippy::disallowed_methods,
    reason = "where the suite lies is the test runner's affair"
)]
fn recordings() -> PathBuf {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let named = std::env::var("POLAR_CONFORMANCE");
    let suite = checkout.join(named.as_deref().unwrap_or("../shared/conformance"));
    let recordings = suite.join("recordings");
    assert!(
        recordings.is_dir(),
        "no recordings at {}",
        recordings.display()
    );
    recordings
}

fn read<T: for<'de> Deserialize<'de>>(file: &Path) -> T {
    let text = std::fs::read_to_string(file).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[derive(Deserialize)]
struct Signed {
    endpoint_secret: String,
    deliveries: Vec<Recorded>,
}

#[test]
#[ignore = "run by .ci/conformance"]
fn every_recorded_delivery_verifies_and_is_understood() {
    let signed: Signed = read(&recordings().join("signed_deliveries.json"));
    assert!(signed.deliveries.len() >= 8);
    for mut recorded in signed.deliveries {
        recorded.secret.clone_from(&signed.endpoint_secret);
        let delivery = recorded.received();
        assert_eq!(delivery.event.kind(), recorded.r#type);
        nothing_is_unrecognized(&delivery);
    }
}

#[test]
#[ignore = "run by .ci/conformance"]
fn every_recorded_payload_is_understood() {
    let mut seen = 0;
    for entry in std::fs::read_dir(recordings()).unwrap() {
        let recording: Value = read(&entry.unwrap().path());
        for payload in payloads(&recording) {
            let body = payload.to_string();
            let delivery = webhooks::parse(body)
                .unwrap_or_else(|unread| panic!("{unread}: {}", unread.problem()));
            assert_eq!(delivery.event.kind(), payload["type"]);
            nothing_is_unrecognized(&delivery);
            seen += 1;
        }
    }
    println!("{seen} recorded payloads");
    assert!(seen >= 22, "{seen}");
}

/// Wherever they stand. What is formatted for a chat is no event.
fn payloads(recording: &Value) -> Vec<&Value> {
    let found: Vec<_> = match recording {
        Value::Object(fields) => fields.values().flat_map(payloads).collect(),
        Value::Array(items) => items.iter().flat_map(payloads).collect(),
        _ => Vec::new(),
    };
    let is_event = ["type", "timestamp", "data"]
        .iter()
        .all(|name| recording.get(name).is_some());
    if is_event { vec![recording] } else { found }
}
