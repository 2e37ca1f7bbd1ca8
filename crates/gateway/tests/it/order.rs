//! Any order, duplication and repetition of the same deliveries ends in the same state.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::event::{deliver, event, grant, order, state, subscription};
use crate::world::World;

/// A life: bought, granted, failed, recovered, cancelled, over; with states in between.
fn lifecycle() -> Vec<Value> {
    let mut active = subscription("active", 4);
    active.as_object_mut().unwrap().remove("customer");
    vec![
        event("subscription.created", 2, subscription("incomplete", 2)),
        event("subscription.active", 4, subscription("active", 4)),
        event("order.created", 4, order("pending", false, 4)),
        event("order.paid", 5, order("paid", true, 5)),
        event("benefit_grant.created", 6, grant(true, 6)),
        event("customer.state_changed", 7, state(&[active], &[])),
        event(
            "subscription.updated",
            8,
            subscription("from_the_future", 8),
        ),
        event("subscription.past_due", 9, subscription("past_due", 9)),
        event("benefit_grant.revoked", 10, grant(false, 10)),
        event("subscription.active", 11, subscription("active", 11)),
        event("benefit_grant.created", 12, grant(true, 12)),
        event("order.refunded", 13, order("refunded", true, 13)),
        event("subscription.revoked", 14, subscription("canceled", 14)),
    ]
}

/// What an application can see in the end; not by which way it came to be so.
async fn seen(world: &World) -> Value {
    let mut why = world.get("/api/entitlements/u_1/why").await.ok();
    for reason in why["reasons"].as_array_mut().unwrap() {
        reason.as_object_mut().unwrap().remove("events");
    }
    let mirrored = world.get("/api/customers/u_1").await.ok();
    json!([
        why["reasons"],
        mirrored["subscriptions"],
        mirrored["orders"],
        mirrored["grants"]
    ])
}

async fn told(events: &[Value]) -> Value {
    let world = World::begin().await;
    deliver(&world, events).await;
    let seen = seen(&world).await;
    world.stop().await.unwrap();
    seen
}

#[test]
fn any_order_and_repetition_ends_in_the_same_state() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let story = lifecycle();
    let expected = runtime.block_on(told(&story));
    let length = story.len();
    let repeated: Vec<usize> = (0..length).chain([0, 3, 5, 7, 12]).collect();
    let shuffled = Just(repeated).prop_shuffle();
    let mut runner = TestRunner::new(Config {
        cases: 24,
        ..Config::default()
    });
    let outcome = runner.run(&shuffled, |order| {
        let events: Vec<Value> = order.iter().map(|index| story[*index].clone()).collect();
        prop_assert_eq!(runtime.block_on(told(&events)), expected.clone());
        Ok(())
    });
    outcome.unwrap();
}
