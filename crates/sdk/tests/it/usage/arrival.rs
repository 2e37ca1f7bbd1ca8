//! What is tracked here is listed there.

use std::collections::BTreeSet;

use polarkit::{
    model::{CustomerId, Event, FreeForm, UserEvent, Uuid},
    usage::{UsageEvent, UsageTracker},
};

use super::LONG;
use crate::sandbox::World;

async fn listed(world: &World) -> Vec<UserEvent> {
    let polar = world.seller();
    let users = |event| match event {
        Event::User(event) => Some(*event),
        _ => None,
    };
    let mut events = Vec::new();
    for page in 1.. {
        let list = polar.events().list().external_customer_id("u_42");
        let found = list.page(page).limit(100).await.unwrap().items;
        if found.is_empty() {
            break;
        }
        events.extend(found.into_iter().filter_map(users));
    }
    events
}

#[tokio::test]
async fn what_is_tracked_arrives_as_it_was_told() {
    let world = World::begin().await;
    let usage = UsageTracker::start(world.seller()).unwrap();
    for number in 0..700 {
        let event = UsageEvent::new("step", "u_42").metadata("number", number);
        assert!(usage.track(event).is_accepted());
    }
    let moment = "2026-01-01T00:00:00.25Z".parse().unwrap();
    usage.track(
        UsageEvent::new("image", "u_42")
            .timestamp(moment)
            .metadata("ratio", 0.5),
    );
    usage.track_api_call("u_42", "/api/translate", 3);
    usage.track_storage_usage("u_42", 1 << 40);
    usage.track(UsageEvent::new("image", CustomerId::from(Uuid::nil()))); // nobody
    usage.flush(LONG).await.unwrap();
    let tally = usage.tally();
    assert_eq!((tally.delivered, tally.failed), (703, 1), "{tally:?}");

    let events = listed(&world).await;
    assert_eq!(events.len(), 703);
    let of = |name: &str| -> Vec<&UserEvent> { events.iter().filter(|e| e.name == name).collect() };
    let number = |event: &&UserEvent| event.metadata["number"].as_i64().unwrap();
    let numbers: BTreeSet<_> = of("step").iter().map(number).collect();
    assert_eq!(numbers, (0..700).collect());
    let [image] = of("image")[..] else {
        panic!("{events:?}")
    };
    assert_eq!(
        (image.timestamp, &image.metadata["ratio"]),
        (moment, &0.5.into())
    );
    let keys = |metadata: &FreeForm| metadata.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        keys(&of("api_call")[0].metadata),
        ["endpoint", "tokens", "timestamp"]
    );
    assert_eq!(of("storage_usage")[0].metadata["bytes"], 1_u64 << 40);
}

#[tokio::test]
async fn the_same_id_counts_once_however_often_it_is_tracked() {
    let world = World::begin().await;
    let event = || UsageEvent::new("image", "u_42").external_id("image-1");
    for _process in 0..2 {
        let usage = UsageTracker::start(world.seller()).unwrap();
        usage.track(event());
        assert_eq!(usage.shutdown(LONG).await.delivered, 1);
    }
    assert_eq!(listed(&world).await.len(), 1);
}
