//! Who may use what, as deliveries tell it.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::event::{
    BENEFIT, CUSTOMER, Delivery, GRANT, PRODUCT, SUBSCRIPTION, at, customer, deliver, event, grant,
    order, state, subscription,
};
use crate::world::{World, postgres};

async fn allowed(world: &World, question: &str) -> (bool, String) {
    let answer = world
        .get(&format!("/api/entitlements/u_1/check?{question}"))
        .await
        .ok();
    (
        answer["allowed"].as_bool().unwrap(),
        answer["reason"].as_str().unwrap().to_owned(),
    )
}

async fn product(world: &World) -> (bool, String) {
    allowed(world, &format!("product={PRODUCT}")).await
}

fn yes(reason: &str) -> (bool, String) {
    (true, reason.to_owned())
}

fn no(reason: &str) -> (bool, String) {
    (false, reason.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_may_use_anything_before_something_is_heard() {
    let world = World::begin().await;
    assert_eq!(product(&world).await, no("never_granted"));
    let list = world.get("/api/entitlements/u_1").await.ok();
    assert_eq!(list["customer_id"], Value::Null);
    assert_eq!(
        (&list["source"], &list["as_of"]),
        (&json!("none"), &Value::Null)
    );
    world
        .get("/api/customers/u_1")
        .await
        .refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn access_begins_with_payment_not_with_creation() {
    let world = World::begin().await;
    deliver(
        &world,
        &[event(
            "subscription.created",
            2,
            subscription("incomplete", 2),
        )],
    )
    .await;
    assert_eq!(product(&world).await, no("incomplete"));
    deliver(
        &world,
        &[event("subscription.active", 4, subscription("active", 4))],
    )
    .await;
    assert_eq!(product(&world).await, yes("active"));
    let list = world.get("/api/entitlements/u_1").await.ok();
    assert_eq!(list["customer_id"], CUSTOMER);
    assert_eq!(list["products"], json!([PRODUCT]));
    assert_eq!(list["as_of"], at(4));
    assert_eq!(list["age_seconds"], 9_996);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_order_grants_nothing_and_a_paid_one_does() {
    let world = World::begin().await;
    deliver(
        &world,
        &[event("order.created", 3, order("pending", false, 3))],
    )
    .await;
    assert_eq!(product(&world).await, no("pending"));
    deliver(&world, &[event("order.paid", 4, order("paid", true, 4))]).await;
    assert_eq!(product(&world).await, yes("paid"));
    deliver(
        &world,
        &[event(
            "order.refunded",
            5,
            order("partially_refunded", true, 5),
        )],
    )
    .await;
    assert_eq!(product(&world).await, yes("partially_refunded"));
    deliver(
        &world,
        &[event("order.refunded", 6, order("refunded", true, 6))],
    )
    .await;
    assert_eq!(product(&world).await, no("refunded"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_subscription_lasts_to_the_end_of_what_is_paid() {
    let world = World::begin().await;
    let mut cancelled = subscription("active", 6);
    cancelled["cancel_at_period_end"] = json!(true);
    cancelled["ends_at"] = json!(at(2_592_000));
    deliver(
        &world,
        &[
            event("subscription.active", 4, subscription("active", 4)),
            event("subscription.canceled", 6, cancelled),
        ],
    )
    .await;
    assert_eq!(product(&world).await, yes("active"));
    let why = world.get("/api/entitlements/u_1/why").await.ok();
    assert_eq!(why["reasons"][0]["detail"]["ends_at"], at(2_592_000));
    assert_eq!(
        why["reasons"][0]["source"],
        format!("subscription:{SUBSCRIPTION}")
    );
    deliver(
        &world,
        &[event(
            "subscription.revoked",
            9,
            subscription("canceled", 9),
        )],
    )
    .await;
    assert_eq!(product(&world).await, no("canceled"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_counts_and_a_failed_renewal_does_not() {
    let world = World::begin().await;
    deliver(
        &world,
        &[event("subscription.active", 4, subscription("trialing", 4))],
    )
    .await;
    assert_eq!(product(&world).await, yes("trialing"));
    deliver(
        &world,
        &[event(
            "subscription.past_due",
            5,
            subscription("past_due", 5),
        )],
    )
    .await;
    assert_eq!(product(&world).await, no("past_due"));
    deliver(
        &world,
        &[event("subscription.active", 6, subscription("active", 6))],
    )
    .await;
    assert_eq!(product(&world).await, yes("active"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_newer_than_us_takes_nothing_away() {
    let world = World::begin().await;
    deliver(
        &world,
        &[
            event("subscription.active", 4, subscription("active", 4)),
            event("subscription.updated", 6, subscription("hibernating", 6)),
        ],
    )
    .await;
    assert_eq!(product(&world).await, yes("active"));
    let mirrored = world.get("/api/customers/u_1").await.ok();
    assert_eq!(mirrored["subscriptions"][0]["status"], "hibernating");
    assert_eq!(mirrored["subscriptions"].as_array().unwrap().len(), 1);
    let known = event("subscription.revoked", 7, subscription("canceled", 7));
    deliver(&world, &[known]).await;
    assert_eq!(product(&world).await, no("canceled"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_living_grant_keeps_access() {
    let world = World::begin().await;
    deliver(
        &world,
        &[
            event("order.paid", 4, order("paid", true, 4)),
            event("subscription.active", 4, subscription("active", 4)),
            event("subscription.revoked", 5, subscription("canceled", 5)),
        ],
    )
    .await;
    assert_eq!(product(&world).await, yes("paid"));
    let why = world.get("/api/entitlements/u_1/why").await.ok();
    assert_eq!(why["reasons"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_benefit_and_its_features_follow_its_grant() {
    let world = World::begin().await;
    deliver(&world, &[event("benefit_grant.created", 4, grant(true, 4))]).await;
    assert_eq!(
        allowed(&world, &format!("benefit={BENEFIT}")).await,
        yes("granted")
    );
    assert_eq!(allowed(&world, "feature=exports").await, yes("granted"));
    assert_eq!(
        allowed(&world, "feature=Beta%20features").await,
        yes("granted")
    );
    assert_eq!(
        allowed(&world, "feature=time-travel").await,
        no("never_granted")
    );
    let list = world.get("/api/entitlements/u_1").await.ok();
    assert_eq!(list["features"]["seats"], 5);
    deliver(
        &world,
        &[event("benefit_grant.revoked", 5, grant(false, 5))],
    )
    .await;
    assert_eq!(
        allowed(&world, &format!("benefit={BENEFIT}")).await,
        no("revoked")
    );
    assert_eq!(
        allowed(&world, "feature=exports").await,
        no("never_granted")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_state_decides_and_an_older_one_does_not() {
    let world = World::begin().await;
    let active = json!({
        "id": SUBSCRIPTION, "created_at": at(1), "modified_at": at(4), "status": "active",
        "product_id": PRODUCT, "amount": 1200, "currency": "usd",
    });
    let granted = json!({
        "id": GRANT, "created_at": at(3), "modified_at": null, "granted_at": at(3),
        "benefit_id": BENEFIT, "benefit_type": "feature_flag",
        "benefit_metadata": {"exports": true}, "properties": {},
    });
    let full = state(&[active], &[granted]);
    deliver(&world, &[event("customer.state_changed", 6, full)]).await;
    assert_eq!(product(&world).await, yes("active"));
    assert_eq!(allowed(&world, "feature=exports").await, yes("granted"));
    deliver(
        &world,
        &[event("customer.state_changed", 5, state(&[], &[]))],
    )
    .await;
    assert_eq!(product(&world).await, yes("active"), "older news");
    deliver(
        &world,
        &[event("customer.state_changed", 8, state(&[], &[]))],
    )
    .await;
    assert_eq!(
        allowed(&world, "feature=exports").await,
        no("never_granted")
    );
    deliver(
        &world,
        &[event("subscription.active", 7, subscription("active", 7))],
    )
    .await;
    assert_eq!(
        product(&world).await,
        no("not_in_customer_state"),
        "told before the state"
    );
    deliver(
        &world,
        &[event("subscription.active", 9, subscription("active", 9))],
    )
    .await;
    assert_eq!(product(&world).await, yes("active"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_external_id_that_comes_later_finds_the_customer() {
    let world = World::begin().await;
    let mut nameless = subscription("active", 4);
    nameless["customer"]["external_id"] = Value::Null;
    deliver(&world, &[event("subscription.active", 4, nameless)]).await;
    assert_eq!(product(&world).await, no("never_granted"));
    let mut named = customer();
    named["modified_at"] = json!(at(5));
    deliver(&world, &[event("customer.updated", 5, named)]).await;
    assert_eq!(product(&world).await, yes("active"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mirror_shows_what_polar_told() {
    let world = World::begin().await;
    let mut licensed = grant(true, 4);
    licensed["properties"] = json!({"license_key_id": "k1", "display_key": "****-ABCDEF"});
    deliver(
        &world,
        &[
            event("order.paid", 4, order("paid", true, 4)),
            event("benefit_grant.created", 4, licensed),
        ],
    )
    .await;
    let mirrored = world.get("/api/customers/u_1").await.ok();
    assert_eq!(mirrored["customer"]["email"], "jane@example.com");
    assert_eq!(mirrored["orders"][0]["total_amount"], 1200);
    assert_eq!(mirrored["grants"][0]["id"], GRANT);
    assert_eq!(mirrored["license_keys"][0]["display_key"], "****-ABCDEF");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_asks_about_exactly_one_thing() {
    let world = World::begin().await;
    for question in ["", "?product=a&benefit=b", "?color=red"] {
        let answer = world
            .get(&format!("/api/entitlements/u_1/check{question}"))
            .await;
        answer.refused(400, "invalid_request");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_story_is_told_by_postgresql() {
    let server = postgres().await;
    let world = World::with(&[("DATABASE_URL", &server)]).await;
    deliver(
        &world,
        &[
            event("subscription.active", 4, subscription("active", 4)),
            event("benefit_grant.created", 5, grant(true, 5)),
            event("customer.state_changed", 3, state(&[], &[])),
            event(
                "subscription.updated",
                6,
                subscription("from_the_future", 6),
            ),
        ],
    )
    .await;
    assert_eq!(product(&world).await, yes("active"));
    assert_eq!(allowed(&world, "feature=exports").await, yes("granted"));
    // The database refuses a NUL: that delivery is tried again, given up, and holds nobody back.
    let mut refused = event("order.paid", 5, order("paid", true, 5));
    refused["data"]["customer_id"] = json!("u\0");
    assert_eq!(
        Delivery::of(&world, "nul", &refused)
            .send(&world)
            .await
            .status,
        200
    );
    let revoked = event("benefit_grant.revoked", 7, grant(false, 7));
    Delivery::of(&world, "after", &revoked)
        .send(&world)
        .await
        .ok();
    world
        .until("the next delivery is projected", async || {
            !allowed(&world, "feature=exports").await.0
        })
        .await;
    world
        .until("the refused delivery is given up", async || {
            world.clock.advance(SignedDuration::from_secs(60));
            world.gateway.store().inbox_backlog().await.unwrap().dead == 1
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feature_one_grant_switches_on_no_other_switches_off() {
    for (first, second) in [(true, false), (false, true)] {
        let world = World::begin().await;
        let mut other = grant(true, 6);
        other["id"] = json!("90349a0a-d763-440c-86a7-9ca10507d795");
        other["benefit_id"] = json!("c58834ca-924b-4a89-b27a-188c0ea7ce2e");
        other["benefit"]["id"] = other["benefit_id"].clone();
        other["benefit"]["metadata"] = json!({"exports": second});
        let mut one = grant(true, 5);
        one["benefit"]["metadata"] = json!({"exports": first});
        let granted = [
            event("benefit_grant.created", 5, one),
            event("benefit_grant.created", 6, other),
        ];
        deliver(&world, &granted).await;
        assert_eq!(allowed(&world, "feature=exports").await, yes("granted"));
        let list = world.get("/api/entitlements/u_1").await.ok();
        assert_eq!(list["features"]["exports"], true, "{list}");
    }
}
