//! Access that is bound in time: who pays late is waited for, and not a moment longer.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::event::{
    BENEFIT, CUSTOMER, PRODUCT, SUBSCRIPTION, at, deliver, event, grant, state, subscription,
};
use crate::world::{World, postgres};

const DAY: i64 = 86_400;
/// When the renewal failed, and when three days of grace are over.
const FAILED: i64 = 5;
const OVER: i64 = FAILED + 3 * DAY;
/// What the world's clock shows in the beginning.
const NOW: i64 = 10_000;

async fn allowed(world: &World, question: &str) -> (bool, String) {
    let path = format!("/api/entitlements/u_1/check?{question}");
    let answer = world.get(&path).await.ok();
    let reason = answer["reason"].as_str().unwrap().to_owned();
    (answer["allowed"].as_bool().unwrap(), reason)
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

fn past_due(modified: i64) -> Value {
    let mut subscription = subscription("past_due", modified);
    subscription["past_due_at"] = json!(at(FAILED));
    event("subscription.past_due", modified, subscription)
}

fn active(modified: i64) -> Value {
    let subscription = subscription("active", modified);
    event("subscription.active", modified, subscription)
}

fn revoked(modified: i64, revoked: i64) -> Value {
    let mut grant = grant(false, modified);
    grant["revoked_at"] = json!(at(revoked));
    event("benefit_grant.revoked", modified, grant)
}

async fn failed(further: &[(&str, &str)]) -> World {
    let mut settings = vec![("POLARKIT_GRACE_DAYS", "3")];
    settings.extend(further);
    let world = World::with(&settings).await;
    let granted = event("benefit_grant.created", 4, grant(true, 4));
    deliver(&world, &[active(4), granted]).await;
    // In Polar's own order: the subscription, its grants, the state without both.
    let stated = event("customer.state_changed", 8, state(&[], &[]));
    deliver(&world, &[past_due(FAILED), revoked(7, 6), stated]).await;
    world
}

fn advance(world: &World, seconds: i64) {
    world.clock.advance(SignedDuration::from_secs(seconds));
}

/// How often it was told that the customer may no longer use something.
async fn told(world: &World, kind: &str, target: &str) -> usize {
    let told = world.gateway.store().told_after(0, None, 100).await;
    let told = told.unwrap().into_iter();
    let about = [CUSTOMER, target].map(|name| format!(":{name}:"));
    let told = told.filter(|one| about.iter().all(|name| one.id.contains(name)));
    told.filter(|one| one.kind == kind).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_pays_late_keeps_access_for_so_long_and_no_longer() {
    let world = failed(&[]).await;
    assert_eq!(product(&world).await, yes("grace"));
    assert_eq!(
        allowed(&world, &format!("benefit={BENEFIT}")).await,
        yes("grace")
    );
    assert_eq!(allowed(&world, "feature=exports").await, yes("granted"));
    let why = world.get("/api/entitlements/u_1/why").await.ok();
    assert_eq!(why["reasons"][1]["expires_at"], at(OVER), "{why}");
    advance(&world, OVER - NOW - 1);
    assert_eq!(product(&world).await, yes("grace"));
    assert_eq!(told(&world, "access.revoked", PRODUCT).await, 0);
    advance(&world, 1);
    // At the very moment, whoever has noticed.
    assert_eq!(product(&world).await, no("past_due"));
    let list = world.get("/api/entitlements/u_1").await.ok();
    assert_eq!(
        (&list["products"], &list["benefits"], &list["features"]),
        (&json!([]), &json!([]), &json!({}))
    );
    for target in [PRODUCT, BENEFIT] {
        world
            .until("the end is told", async || {
                told(&world, "access.revoked", target).await > 0
            })
            .await;
    }
    let why = world.get("/api/entitlements/u_1/why").await.ok();
    let reason = &why["reasons"][1];
    assert_eq!(reason["source"], format!("subscription:{SUBSCRIPTION}"));
    assert_eq!(
        (&reason["granted"], &reason["since"]),
        (&json!(false), &json!(at(OVER)))
    );
    deliver(&world, &[past_due(OVER + 9)]).await;
    assert_eq!(told(&world, "access.revoked", PRODUCT).await, 1);
    assert_eq!(told(&world, "access.granted", PRODUCT).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_lifts_grace_and_the_end_of_the_subscription_ends_it() {
    let world = failed(&[]).await;
    let granted = event("benefit_grant.created", 21, grant(true, 21));
    deliver(&world, &[active(20), granted]).await;
    assert_eq!(product(&world).await, yes("active"));
    advance(&world, OVER);
    assert_eq!(product(&world).await, yes("active"));
    assert_eq!(allowed(&world, "feature=exports").await, yes("granted"));
    assert_eq!(told(&world, "access.revoked", PRODUCT).await, 0);

    let world = failed(&[]).await;
    let mut ended = subscription("canceled", 30);
    ended["past_due_at"] = json!(at(FAILED));
    deliver(&world, &[event("subscription.revoked", 30, ended)]).await;
    assert_eq!(product(&world).await, no("canceled"));
    assert_eq!(
        allowed(&world, "feature=exports").await,
        no("never_granted")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn grace_brings_back_nothing_that_was_taken_away_before() {
    let world = World::with(&[("POLARKIT_GRACE_DAYS", "3")]).await;
    let granted = event("benefit_grant.created", 3, grant(true, 3));
    deliver(
        &world,
        &[active(2), granted, revoked(4, 4), past_due(FAILED)],
    )
    .await;
    assert_eq!(product(&world).await, yes("grace"));
    assert_eq!(
        allowed(&world, &format!("benefit={BENEFIT}")).await,
        no("revoked")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn grace_ends_with_a_subscription_that_was_to_end_anyway() {
    let world = World::with(&[("POLARKIT_GRACE_DAYS", "3")]).await;
    let mut ending = past_due(FAILED);
    ending["data"]["ends_at"] = json!(at(NOW + 60));
    deliver(&world, &[active(2), ending]).await;
    assert_eq!(product(&world).await, yes("grace"));
    advance(&world, 60);
    assert_eq!(product(&world).await, no("past_due"));
}

#[tokio::test(flavor = "multi_thread")]
async fn on_two_nodes_the_end_is_told_once() {
    let server = postgres().await;
    let world = failed(&[("DATABASE_URL", &server)]).await;
    let node = world.another().await;
    assert_eq!(product(&world).await, yes("grace"));
    advance(&world, OVER - NOW);
    assert_eq!(product(&world).await, no("past_due"));
    world
        .until("the end is told", async || {
            told(&world, "access.revoked", PRODUCT).await > 0
        })
        .await;
    node.stop().await;
    assert_eq!(told(&world, "access.revoked", PRODUCT).await, 1);
    assert_eq!(told(&world, "access.revoked", BENEFIT).await, 1);
    world.stop().await.unwrap();
}
