//! Usage on its way: what Polar receives, in which batches, and what becomes of what it refuses.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::road::{Road, Way};
use super::{call, delivered, events, pending};
use crate::event::at;
use crate::shop::buy;
use crate::world::{World, postgres};

/// A customer Polar does not have.
const UNKNOWN: &str = "6f7a7b1e-3f0e-4d6f-8a59-0c6f2f9f1c11";

fn poison() -> Value {
    json!({"customer_id": UNKNOWN, "name": "api_call", "id": "poison"})
}

/// Twenty events, one of which Polar will not take.
async fn spoiled(world: &World) {
    let mut mixed: Vec<Value> = (0..19).map(|_| call(1)).collect();
    mixed.insert(7, poison());
    let answer = world.post("/api/usage/track", json!({ "events": mixed }));
    assert_eq!(answer.await.ok()["accepted"], 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn polar_receives_what_the_guide_sends() {
    let (world, road) = Road::of(World::begin().await, &[]).await;
    let api_call = json!({"external_customer_id": "u_1", "name": "api_call", "id": "a-1",
        "timestamp": at(5), "metadata": {"endpoint": "/v1/answer", "tokens": 7}});
    let storage = json!({"external_customer_id": "u_1", "name": "storage_usage", "id": "s-1",
        "timestamp": at(6), "metadata": {"bytes": 1_048_576}});
    for told in [&api_call, &storage] {
        world.post("/api/usage/track", told.clone()).await.ok();
    }
    delivered(&world).await;
    let as_sent = |mut event: Value| {
        event["external_id"] = event["id"].take();
        event.as_object_mut().unwrap().remove("id");
        event
    };
    let sent: Vec<Value> = road.sent().iter().flat_map(of_batch).collect();
    assert_eq!(sent, [as_sent(api_call), as_sent(storage)]);
}

fn of_batch(batch: &Value) -> Vec<Value> {
    let batch = batch.as_object().unwrap();
    assert_eq!(batch.len(), 1, "nothing beside the events");
    batch["events"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_polar_refuses_is_a_dead_letter_with_its_reason() {
    let (world, road) = Road::of(World::begin().await, &[]).await;
    spoiled(&world).await;
    delivered(&world).await;
    assert_eq!(events(&world).await.len(), 19);
    let dead = world.get("/api/dead-letters").await.ok();
    assert_eq!(dead["usage"][0]["id"], "poison");
    assert_eq!(
        dead["usage"][0]["error"],
        "Polar refused customer_id (customer_id)"
    );
    assert_eq!(road.sent().len(), 2, "Polar said which one it was");
    world
        .post("/api/dead-letters/poison/replay", json!({}))
        .await
        .ok();
    delivered(&world).await;
    assert_eq!(road.sent().len(), 3, "it was sent again, alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_polar_does_not_say_which_event_is_wrong_it_is_found_by_halves() {
    let (world, road) = Road::of(World::begin().await, &[]).await;
    road.is(Way::Vague);
    spoiled(&world).await;
    delivered(&world).await;
    assert_eq!(events(&world).await.len(), 19);
    let dead = world.get("/api/dead-letters").await.ok();
    assert_eq!(dead["usage"][0]["id"], "poison");
    assert!(road.sent().len() <= 11, "{}", road.sent().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn however_much_is_wrong_the_good_gets_through() {
    let (world, road) = Road::of(World::begin().await, &[]).await;
    road.is(Way::Vague);
    let mixed: Vec<Value> = (0..60)
        .map(|n| match n % 3 {
            0 => call(1),
            _ => json!({"customer_id": UNKNOWN, "name": "api_call"}),
        })
        .collect();
    world
        .post("/api/usage/track", json!({ "events": mixed }))
        .await
        .ok();
    delivered(&world).await;
    assert_eq!(events(&world).await.len(), 20);
    let backlog = world.gateway.store().usage_backlog(0).await.unwrap();
    assert_eq!((backlog.delivered, backlog.dead), (20, 40));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_may_be_named_by_polars_id() {
    let world = World::begin().await;
    buy(&world, "Metered", "u_1").await;
    let customer = world.polar.raw("/v1/customers/external/u_1").await.unwrap();
    let told =
        json!({"customer_id": customer["id"], "name": "api_call", "metadata": {"units": 30}});
    world.post("/api/usage/track", told).await.ok();
    let balance = world.get("/api/usage/balance/u_1").await.ok();
    assert_eq!(balance["meters"][0]["balance"].as_f64(), Some(970.0));
    delivered(&world).await;
    assert_eq!(events(&world).await[0]["customer_id"], customer["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_ahead_of_polars_sends_nothing_from_the_future() {
    let world = World::begin().await;
    let mut ahead = call(1);
    ahead["timestamp"] = json!(at(59));
    world.post("/api/usage/track", ahead).await.ok();
    delivered(&world).await;
    assert_eq!(events(&world).await.len(), 1);
    let dead = world.get("/api/dead-letters").await.ok();
    assert_eq!(dead["usage"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_used_before_the_period_began_is_flagged_late() {
    let world = World::begin().await;
    buy(&world, "Metered", "u_1").await;
    world.settle().await;
    let told = |at: &str| {
        let mut event = call(1);
        event["timestamp"] = json!(at);
        event
    };
    let now = world.sandbox.now().to_string();
    let ask = json!({"events": [told("2026-01-01T00:00:00Z"), told(&now), call(1)]});
    let answer = world.post("/api/usage/track", ask).await.ok();
    let late: Vec<bool> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["late"] == true)
        .collect();
    assert_eq!(late, [true, false, false]);
    let text = world.get("/metrics").await.ok();
    assert!(
        text.as_str()
            .unwrap()
            .contains("polarkit_usage_late_total 1")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_period_is_about_to_end_goes_first() {
    let world = World::begin().await;
    buy(&world, "Metered", "u_ending").await;
    world.settle().await;
    let (world, road) = Road::of(world, &[]).await;
    road.is(Way::Status(500));
    let subscriptions = world.polar.raw("/v1/subscriptions/").await.unwrap();
    let ends = &subscriptions["items"][0]["current_period_end"];
    let ends: jiff::Timestamp = ends.as_str().unwrap().parse().unwrap();
    let of = |customer: &str| {
        let event = json!({"external_customer_id": customer, "name": "api_call"});
        let all: Vec<Value> = (0..900).map(|_| event.clone()).collect();
        json!({ "events": all })
    };
    for customer in ["u_other", "u_ending"] {
        world.post("/api/usage/track", of(customer)).await.ok();
    }
    // Five minutes before the end, behind a backlog of somebody else's.
    let left = ends.duration_since(world.sandbox.now()) - SignedDuration::from_mins(5);
    world.clock.advance(left);
    let before = road.sent().len();
    road.is(Way::Open);
    world
        .until("the backlog is gone", async || {
            world.clock.advance(SignedDuration::from_millis(100));
            pending(&world).await == 0
        })
        .await;
    let batches = road.sent().split_off(before);
    let order: Vec<Value> = batches.iter().flat_map(of_batch).collect();
    let whose = |event: &Value| event["external_customer_id"].clone();
    let first: BTreeSet<String> = order[..900]
        .iter()
        .map(|one| whose(one).to_string())
        .collect();
    assert_eq!(first, BTreeSet::from(["\"u_ending\"".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_customer_polar_does_not_have_wait_for_them() {
    let hold = [("POLARKIT_USAGE_HOLD_MINUTES", "30")];
    let (world, road) = Road::of(World::begin().await, &hold).await;
    world.post("/api/usage/track", call(5)).await.ok();
    let mut other = call(5);
    other["external_customer_id"] = json!("u_never");
    world.post("/api/usage/track", other).await.ok();
    let text = world.get("/metrics").await.ok();
    assert!(
        text.as_str().unwrap().contains("polarkit_usage_later 2"),
        "{text}"
    );
    buy(&world, "Metered", "u_1").await;
    world.settle().await;
    world
        .until("who appeared is sent", async || pending(&world).await == 1)
        .await;
    assert_eq!(road.sent().len(), 1);
    // Whoever never appears is sent all the same: Polar attributes it later.
    world.clock.advance(SignedDuration::from_mins(31));
    world
        .until("the rest is sent", async || pending(&world).await == 0)
        .await;
    assert_eq!(events(&world).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_nodes_send_in_one_stream() {
    let database = postgres().await;
    let world = World::with(&[("DATABASE_URL", &database)]).await;
    let (world, road) = Road::of(world, &[]).await;
    let to_road = [("POLAR_SERVER", road.url())];
    let nodes = [
        world.another_with(&to_road).await,
        world.another_with(&to_road).await,
    ];
    let tell = async |number: usize| {
        let node = [&world.url, &nodes[0].url, &nodes[1].url][number % 3];
        let url = format!("{node}/api/usage/track");
        let call = world.client().post(url).bearer_auth(crate::world::KEY);
        let many: Vec<Value> = (0..20).map(|_| call_of(number)).collect();
        let answer = call.json(&json!({ "events": many })).send().await.unwrap();
        assert_eq!(answer.status(), 202);
    };
    futures_util::future::join_all((0..30).map(tell)).await;
    delivered(&world).await;
    assert_eq!(road.most_under_way(), 1);
    let sent: Vec<Value> = road.sent().iter().flat_map(of_batch).collect();
    let ids: BTreeSet<String> = sent
        .iter()
        .map(|one| one["external_id"].to_string())
        .collect();
    assert_eq!((ids.len(), sent.len()), (600, 600), "each sent once");
    for node in nodes {
        node.stop().await;
    }
    world.stop().await.unwrap();
}

fn call_of(number: usize) -> Value {
    json!({"external_customer_id": format!("u_{number}"), "name": "api_call"})
}
