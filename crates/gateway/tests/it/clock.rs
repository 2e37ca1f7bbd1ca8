//! A host clock that steps back an hour, and forth again.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::event::{Delivery, PRODUCT, event, order};
use crate::receiver::{HERE, Receiver, until_settled};
use crate::world::{World, pause, postgres};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Polar delivers, perhaps again, the nth thing that happened to the one order.
async fn deliver(world: &World, n: i64) {
    let event = event("order.updated", n, order("paid", true, n));
    let delivery = Delivery::of(world, &format!("event-{n}"), &event);
    delivery.send(world).await.ok();
    world.projected().await;
}

async fn story(database: &[(&str, &str)]) {
    let settings: Vec<_> = database.iter().copied().chain([HERE]).collect();
    let world = World::with(&settings).await;
    let receiver = Receiver::start().await;
    let made = receiver.subscribe(&world, json!({})).await;
    receiver.answer_all(503);
    deliver(&world, 1).await;
    deliver(&world, 2).await;
    receiver.until_heard(&world, 1).await;
    let tried = receiver.heard().len();
    receiver.answer_all(200);
    world.clock.advance(-HOUR);
    deliver(&world, 3).await;
    // What was to be tried again in seconds is, and the newer waits behind it.
    let told = async || {
        world.clock.advance(SignedDuration::from_millis(100));
        pause(Duration::from_millis(20)).await;
        receiver.took().len() >= 5
    };
    world
        .until("everything is told, within the hour", told)
        .await;
    until_settled(&world, &made).await;
    world.clock.advance(HOUR * 2);
    for n in 1..5 {
        deliver(&world, n).await;
    }
    until_settled(&world, &made).await;
    let took = receiver.took();
    let order: Vec<String> = took
        .iter()
        .filter(|heard| heard.kind() == "order.updated")
        .map(|heard| heard.json()["timestamp"].to_string())
        .collect();
    assert_eq!(order.len(), 4, "each once: {order:?}");
    assert!(order.is_sorted(), "{order:?}");
    assert_eq!(receiver.heard().len(), took.len() + tried);
    let question = format!("/api/entitlements/u_1/check?product={PRODUCT}");
    assert_eq!(world.get(&question).await.ok()["allowed"], true);
    let mirrored = world.get("/api/customers/u_1").await.ok();
    assert_eq!(mirrored["orders"].as_array().unwrap().len(), 1);
    world.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_steps_back_delays_nothing_and_doubles_nothing() {
    story(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_steps_back_delays_nothing_and_doubles_nothing_on_postgresql() {
    let server = postgres().await;
    story(&[("DATABASE_URL", &server)]).await;
}

/// As of when each list and what happened lately was read, and when the endpoint was looked at.
async fn looked(world: &World) -> Vec<(String, Value)> {
    let status = world.get("/api/reconcile").await.ok();
    let endpoint = status["endpoint"]["checked_at"].clone();
    let lists = status["lists"].as_array().unwrap().iter();
    let read = lists.map(|list| {
        let name = list["list"].as_str().unwrap().to_owned();
        (name, list["complete_as_of"].clone())
    });
    read.chain([("endpoint".to_owned(), endpoint)]).collect()
}

/// What is done every so often was done last at a time that is still to come.
#[tokio::test(flavor = "multi_thread")]
async fn reading_back_and_the_watchdog_wait_for_no_step_back() {
    let watching = ("POLARKIT_WATCHDOG", "report");
    let world = World::with(&[("POLARKIT_RECONCILE", "true"), watching]).await;
    crate::heal::read(&world).await;
    world
        .until(
            "the endpoint is looked at, and what happened lately",
            async || {
                let looked = looked(&world).await;
                looked.iter().any(|(name, _)| name == "event")
                    && looked.iter().all(|(_, at)| !at.is_null())
            },
        )
        .await;
    let before = looked(&world).await;
    world.clock.advance(-HOUR * 50);
    world.sandbox.advance(HOUR).await.unwrap();
    world
        .until("everything is looked at again", async || {
            let after = looked(&world).await;
            before
                .iter()
                .zip(&after)
                .all(|(before, after)| before != after)
        })
        .await;
    world.stop().await.unwrap();
}
