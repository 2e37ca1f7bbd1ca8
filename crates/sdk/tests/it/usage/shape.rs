//! What goes over the wire.

use std::{collections::BTreeMap, sync::Arc};

use polarkit::{
    Clock, Timestamp,
    model::{CustomerId, MemberId},
    usage::{UsageEvent, UsageTracker},
};
use serde_json::{Value, json};

use super::{
    LONG,
    wire::{Wire, id},
};

#[derive(Debug)]
struct Frozen;

impl Clock for Frozen {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(1_767_225_600_250).unwrap()
    }
}

/// The events that a use of the tracker sends, by name.
pub(super) async fn sent(tell: impl Fn(&UsageTracker)) -> BTreeMap<String, Value> {
    let wire = Wire::good();
    let builder = UsageTracker::builder(wire.polar());
    let usage = builder.clock(Arc::new(Frozen)).start().unwrap();
    tell(&usage);
    usage.flush(LONG).await.unwrap();
    let attempts = wire.attempts();
    let events = attempts.into_iter().flat_map(|attempt| attempt.events);
    events
        .map(|event| (event["name"].as_str().unwrap().to_owned(), event))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_guides_two_events_have_its_shape() {
    let sent = sent(|usage| {
        assert!(
            usage
                .track_api_call("u_42", "/api/translate", 3)
                .is_accepted()
        );
        assert!(usage.track_storage_usage("u_42", 52_428_800).is_accepted());
    })
    .await;
    let expected = |name: &str, metadata: Value| {
        json!({
            "timestamp": "2026-01-01T00:00:00.25Z",
            "name": name,
            "external_id": id(&sent[name]),
            "metadata": metadata,
            "external_customer_id": "u_42",
        })
    };
    assert_eq!(
        sent["api_call"],
        expected(
            "api_call",
            json!({"endpoint": "/api/translate", "tokens": 3, "timestamp": 1_767_225_600.25})
        )
    );
    assert_eq!(
        sent["storage_usage"],
        expected(
            "storage_usage",
            json!({"bytes": 52_428_800, "timestamp": 1_767_225_600.25})
        )
    );
    assert_ne!(id(&sent["api_call"]), id(&sent["storage_usage"]));
}

#[tokio::test(start_paused = true)]
async fn a_long_endpoint_is_cut_between_characters_and_still_counts() {
    let sent = sent(|usage| {
        let endpoint = format!("/{}", "ñ".repeat(600));
        assert!(usage.track_api_call("u_42", &endpoint, 1).is_accepted());
    })
    .await;
    let endpoint = sent["api_call"]["metadata"]["endpoint"].as_str().unwrap();
    assert_eq!(endpoint, format!("/{}", "ñ".repeat(499)));
}

#[tokio::test(start_paused = true)]
async fn any_event_can_be_told_whole() {
    let customer: CustomerId = "11111111-1111-4111-8111-111111111111".parse().unwrap();
    let member: MemberId = "22222222-2222-4222-8222-222222222222".parse().unwrap();
    let sent = sent(|usage| {
        let event = UsageEvent::new("image", "u_42")
            .member("m_7")
            .timestamp("2025-12-31T23:00:00Z".parse().unwrap())
            .external_id("image-1")
            .parent("request-9")
            .metadata("pixels", 1_048_576_u64)
            .metadata("ratio", 1.5)
            .metadata("format", "png")
            .metadata("cached", true);
        assert!(usage.track(event).is_accepted());
        let event = UsageEvent::new("by_polars_ids", customer).member(member);
        assert!(usage.track(event).is_accepted());
    })
    .await;
    assert_eq!(
        sent["image"],
        json!({
            "timestamp": "2025-12-31T23:00:00Z",
            "name": "image",
            "external_id": "image-1",
            "parent_id": "request-9",
            "metadata": {"pixels": 1_048_576, "ratio": 1.5, "format": "png", "cached": true},
            "external_customer_id": "u_42",
            "external_member_id": "m_7",
        })
    );
    let event = &sent["by_polars_ids"];
    assert_eq!(event["customer_id"], customer.to_string());
    assert_eq!(event["member_id"], member.to_string());
    assert_eq!(event.get("metadata"), None);
}
