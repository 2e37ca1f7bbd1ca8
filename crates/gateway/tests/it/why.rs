//! From a denial back to what led to it.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::event::{
    Delivery, GRANT, SUBSCRIPTION, at, deliver, event, grant, order, state, subscription,
};
use crate::world::{World, postgres};

/// What led to one reason, each as `via type reason`.
async fn led(world: &World, source: &str) -> Vec<String> {
    let events = events(world, source).await;
    let word = |event: &Value, field: &str| event[field].as_str().unwrap().to_owned();
    let all = events.iter();
    all.map(|event| {
        ["via", "type", "reason"]
            .map(|field| word(event, field))
            .join(" ")
    })
    .collect()
}

async fn events(world: &World, source: &str) -> Vec<Value> {
    let why = world.get("/api/entitlements/u_1/why").await.ok();
    let reasons = why["reasons"].as_array().unwrap().clone();
    let reason = reasons.iter().find(|reason| reason["source"] == source);
    reason.unwrap()["events"].as_array().unwrap().clone()
}

async fn send(world: &World, id: &str, event: &Value) {
    Delivery::of(world, id, event).send(world).await.ok();
    world.projected().await;
}

async fn denied(further: &[(&str, &str)]) {
    let world = World::with(further).await;
    let source = format!("subscription:{SUBSCRIPTION}");
    let active = event("subscription.active", 4, subscription("active", 4));
    let revoked = event("subscription.revoked", 9, subscription("canceled", 9));
    send(&world, "msg_active", &active).await;
    // Older news, and news of something else, led to nothing here.
    let older = event("subscription.created", 2, subscription("incomplete", 2));
    send(&world, "msg_older", &older).await;
    send(
        &world,
        "msg_order",
        &event("order.paid", 5, order("paid", true, 5)),
    )
    .await;
    world.clock.advance(SignedDuration::from_secs(7));
    send(&world, "msg_revoked", &revoked).await;

    let events = events(&world, &source).await;
    let last = events.last().unwrap();
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(events[0]["id"], "msg_active");
    assert_eq!(
        (&last["via"], &last["id"], &last["type"]),
        (
            &json!("webhook"),
            &json!("msg_revoked"),
            &json!("subscription.revoked")
        )
    );
    assert_eq!(
        (&last["granted"], &last["reason"]),
        (&json!(false), &json!("canceled"))
    );
    assert_eq!(
        (&last["sent_at"], &last["received_at"]),
        (&json!(at(9)), &json!(at(10_007)))
    );
    let delivery = world.get("/api/inbox/msg_revoked").await.ok();
    assert_eq!(delivery["event"], revoked);
    assert_eq!(
        (&delivery["status"], &delivery["type"]),
        (&json!("done"), &last["type"])
    );

    let store = world.gateway.store();
    store.told_prune(i64::MAX).await.unwrap();
    store.inbox_prune(i64::MAX).await.unwrap();
    world
        .get("/api/inbox/msg_revoked")
        .await
        .refused(404, "not_found");
    let world = world.restart().await;
    assert_eq!(self::events(&world, &source).await, events);
    world.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_leads_back_to_the_very_delivery() {
    denied(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_leads_back_to_the_very_delivery_on_postgresql() {
    denied(&[("DATABASE_URL", &postgres().await)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_says_it_again_leads_to_nothing_and_ten_are_remembered() {
    let world = World::begin().await;
    let source = format!("grant:{GRANT}");
    deliver(&world, &[event("benefit_grant.created", 4, grant(true, 4))]).await;
    let mut listed = grant(true, 4);
    listed["benefit_type"] = json!("feature_flag");
    listed["benefit_metadata"] = listed["benefit"]["metadata"].clone();
    for again in 5..8 {
        let stated = state(&[], std::slice::from_ref(&listed));
        deliver(&world, &[event("customer.state_changed", again, stated)]).await;
    }
    assert_eq!(
        led(&world, &source).await,
        ["webhook benefit_grant.created granted"]
    );
    let stated = event("customer.state_changed", 9, state(&[], &[]));
    deliver(&world, &[stated]).await;
    assert_eq!(
        led(&world, &source).await.last().unwrap(),
        "webhook customer.state_changed revoked"
    );
    for turn in 10..22 {
        let turned = grant(turn % 2 == 0, turn);
        deliver(&world, &[event("benefit_grant.updated", turn, turned)]).await;
    }
    let remembered = events(&world, &source).await;
    assert_eq!(remembered.len(), 10);
    assert_eq!(remembered[9]["sent_at"], at(21));
    assert_eq!(remembered[0]["sent_at"], at(12));
}

#[tokio::test(flavor = "multi_thread")]
async fn time_leads_to_the_end_of_grace_and_says_so() {
    let world = World::with(&[("POLARKIT_GRACE_DAYS", "1")]).await;
    let mut late = subscription("past_due", 5);
    late["past_due_at"] = json!(at(5));
    // Apart: of one batch the last counts.
    let active = event("subscription.active", 4, subscription("active", 4));
    deliver(&world, &[active]).await;
    deliver(&world, &[event("subscription.past_due", 5, late)]).await;
    world.clock.advance(SignedDuration::from_hours(24));
    let source = format!("subscription:{SUBSCRIPTION}");
    let ended = "time expired past_due";
    world
        .until("the end is noted", async || {
            led(&world, &source).await.last().unwrap() == ended
        })
        .await;
    assert_eq!(
        led(&world, &source).await,
        [
            "webhook subscription.active active",
            "webhook subscription.past_due grace",
            ended
        ]
    );
}
