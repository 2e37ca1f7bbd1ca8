//! Polar is away: nothing is lost, nothing counts twice, and it is not besieged meanwhile.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::road::{Road, Way};
use super::{call, delivered, pending};
use crate::world::World;

/// Everything the loss equation is made of, as an operator reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) accepted: u64,
    pub(crate) delivered: u64,
    pub(crate) duplicates: u64,
    pub(crate) pending: u64,
    pub(crate) dead: u64,
}

pub(crate) async fn figures(world: &World) -> Figures {
    let text = world.get("/metrics").await.ok();
    let text = text.as_str().unwrap();
    let figure = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name}"))
            .trim()
            .parse()
            .unwrap()
    };
    let total = |state: &str| figure(&format!("polarkit_usage_events_total{{state=\"{state}\"}}"));
    let seen = Figures {
        accepted: total("accepted"),
        delivered: total("delivered"),
        duplicates: total("duplicate"),
        pending: figure("polarkit_usage_pending"),
        dead: figure("polarkit_usage_dead"),
    };
    assert_eq!(
        seen.accepted,
        seen.delivered + seen.pending + seen.dead,
        "{seen:?}"
    );
    seen
}

async fn counted(world: &World) -> u64 {
    let call = world.polar.raw("/v1/events/").query("source", "user");
    let counted = call.query("limit", 1).await.unwrap();
    counted["pagination"]["total_count"].as_u64().unwrap()
}

async fn track(world: &World, events: usize) {
    let many: Vec<Value> = (0..events).map(|_| call(1)).collect();
    let answer = world.post("/api/usage/track", json!({ "events": many }));
    assert_eq!(answer.await.status, 202);
}

/// Ten minutes of this, while usage goes on.
async fn ten_minutes(way: Way, sent_at_most: usize) {
    let (world, road) = Road::of(World::begin().await, &[]).await;
    road.is(way);
    for _ in 0..20 {
        track(&world, 5).await;
        world.clock.advance(SignedDuration::from_secs(30));
        crate::world::pause(std::time::Duration::from_millis(60)).await;
        assert_eq!(
            figures(&world).await.pending,
            100.min(figures(&world).await.accepted)
        );
    }
    assert!(road.sent().len() <= sent_at_most, "{}", road.sent().len());
    let world = world.restart().await;
    assert_eq!(figures(&world).await.pending, 100);
    road.is(Way::Open);
    delivered(&world).await;
    assert_eq!(figures(&world).await.delivered, 100);
    assert_eq!(counted(&world).await, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_minutes_of_500_lose_nothing() {
    ten_minutes(Way::Status(500), 21).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_minutes_of_429_lose_nothing() {
    ten_minutes(Way::Limited(60), 12).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_minutes_of_silence_lose_nothing() {
    ten_minutes(Way::Silent, 12).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_polar_took_unheard_counts_once() {
    let (world, road) = Road::of(World::begin().await, &[]).await;
    road.is(Way::Lost);
    track(&world, 30).await;
    world
        .until("it was sent", async || !road.sent().is_empty())
        .await;
    road.is(Way::Open);
    delivered(&world).await;
    let seen = figures(&world).await;
    assert_eq!((seen.delivered, seen.duplicates), (30, 30));
    assert_eq!(counted(&world).await, 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_polar_fails_at_holds_up_no_other() {
    let (world, road) = Road::of(World::begin().await, &[]).await;
    road.is(Way::Status(500));
    track(&world, 3).await;
    // As long as nothing gets through, it cannot be told from an outage: one after another is tried.
    world
        .until("each was tried alone", async || {
            world.clock.advance(SignedDuration::from_mins(6));
            let alone = |batch: &&Value| batch["events"].as_array().unwrap().len() == 1;
            let tried: std::collections::BTreeSet<String> = road
                .sent()
                .iter()
                .filter(alone)
                .map(|batch| batch["events"][0]["external_id"].to_string())
                .collect();
            tried.len() == 3
        })
        .await;
    assert_eq!(pending(&world).await, 3);
    road.is(Way::Open);
    delivered(&world).await;
    assert_eq!(counted(&world).await, 3);
}
