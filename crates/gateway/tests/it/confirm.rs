//! The return page asks whether it was paid, before any webhook came.

use std::sync::Arc;

use jiff::SignedDuration;
use polarkit_model::Clock as _;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::event::deliver;
use crate::polar;
use crate::receiver::{HERE, Receiver, until_settled};
use crate::shop::{pay, product};
use crate::world::{World, postgres, token};

/// A paid checkout of `u_1`, of which no webhook came.
async fn paid(world: &World, name: &str) -> (String, String) {
    polar::deliver(&world.polar, false).await;
    let product = product(&world.polar, name).await;
    let ask = json!({"product_id": product, "customer_external_id": "u_1"});
    let created = world.post("/api/checkout/create", ask).await.ok();
    let checkout = created["checkout_id"].as_str().unwrap().to_owned();
    pay(world, &checkout, "pm_card_visa").await;
    (checkout, product)
}

async fn confirm(world: &World, checkout: &str) -> Value {
    let path = format!("/api/checkout/{checkout}/confirm");
    world.post(&path, json!({})).await.ok()
}

async fn confirm_as(world: &World, checkout: &str, user: &str) -> Answer {
    let token = token(&json!({"sub": user, "exp": 1_800_000_600}));
    let call = world.request(Method::POST, &format!("/api/checkout/{checkout}/confirm"));
    let call = call.bearer_auth(token.expose_secret());
    Answer::of(call.send().await.unwrap()).await
}

async fn products(world: &World) -> Value {
    world.get("/api/entitlements/u_1").await.ok()["products"].clone()
}

/// Where access comes from, by source and reason.
async fn reasons(world: &World) -> Vec<(String, String)> {
    let why = world.get("/api/entitlements/u_1/why").await.ok();
    let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    let rows = why["reasons"].as_array().unwrap().iter();
    rows.map(|row| (text(row, "source"), text(row, "reason")))
        .collect()
}

/// Polar's order of a checkout, as its webhook would tell it.
async fn order(world: &World, kind: &str) -> Value {
    let order = polar::list(&world.polar, "/v1/orders/").await.remove(0);
    json!({"type": kind, "timestamp": world.clock.now(), "data": order})
}

async fn refund(world: &World) {
    let order = polar::list(&world.polar, "/v1/orders/").await.remove(0);
    let refund = json!({
        "order_id": order["id"], "reason": "customer_request",
        "amount": order["refundable_amount"],
    });
    polar::post(&world.polar, "/v1/refunds/", &refund).await;
    world.settle().await;
}

async fn who_paid_may_use_it_until_the_webhook_says_so(world: World) {
    let receiver = Receiver::start().await;
    let wish = json!({"events": ["order.paid", "access.granted", "access.revoked"]});
    let made = receiver.subscribe(&world, wish).await;
    let (checkout, book) = paid(&world, "Handbook").await;
    assert_eq!(products(&world).await, json!([]), "no webhook came");
    let said = confirm(&world, &checkout).await;
    assert_eq!(
        (&said["paid"], &said["access"]),
        (&json!(true), &json!("provisional"))
    );
    assert!(said["provisional_until"].is_string(), "{said}");
    assert_eq!(products(&world).await, json!([book]));
    let source = format!("checkout:{checkout}");
    assert_eq!(reasons(&world).await, [(source, "provisional".to_owned())]);
    assert_eq!(confirm(&world, &checkout).await, said, "asked again");
    world.clock.advance(SignedDuration::from_secs(5));
    deliver(&world, &[order(&world, "order.paid").await]).await;
    let known = reasons(&world).await;
    assert_eq!(known.len(), 1, "{known:?}");
    assert!(
        known[0].0.starts_with("order:") && known[0].1 == "paid",
        "{known:?}"
    );
    let said = confirm(&world, &checkout).await;
    assert_eq!(
        (&said["access"], &said["provisional_until"]),
        (&json!("granted"), &Value::Null)
    );
    until_settled(&world, &made).await;
    let mut told = receiver.kinds();
    told.sort_unstable();
    assert_eq!(told, ["access.granted", "order.paid"], "once each");
    refund(&world).await;
    world.clock.advance(SignedDuration::from_secs(5));
    deliver(&world, &[order(&world, "order.refunded").await]).await;
    assert_eq!(products(&world).await, json!([]));
    assert_eq!(confirm(&world, &checkout).await["access"], "none");
    assert_eq!(products(&world).await, json!([]), "a refund stays one");
    until_settled(&world, &made).await;
    assert_eq!(receiver.kinds().last().unwrap(), "access.revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_paid_may_use_it_until_the_webhook_says_so_on_sqlite() {
    who_paid_may_use_it_until_the_webhook_says_so(World::with(&[HERE]).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_paid_may_use_it_until_the_webhook_says_so_on_postgresql() {
    let server = postgres().await;
    let world = World::with(&[HERE, ("DATABASE_URL", &server)]).await;
    who_paid_may_use_it_until_the_webhook_says_so(world).await;
}

/// Whether the mirror still has the paid checkout.
async fn is_kept(world: &World, checkout: &str) -> bool {
    let path = "/v1/customers/external/u_1";
    let customer = world.polar.raw(path).await.unwrap();
    let customer = customer["id"].as_str().unwrap();
    let store = world.gateway.store();
    let kept = store.object(customer, "checkout", checkout).await.unwrap();
    kept.is_some()
}

async fn a_paid_checkout_is_kept_as_long_as_events(settings: &[(&str, &str)]) {
    let days = ("POLARKIT_EVENTS_DAYS", "3");
    let settings: Vec<_> = settings.iter().copied().chain([days]).collect();
    let world = World::with(&settings).await;
    let (checkout, _) = paid(&world, "Handbook").await;
    confirm(&world, &checkout).await;
    let clock = Arc::clone(&world.clock);
    let pass = |days: i64| clock.advance(SignedDuration::from_hours(24 * days));
    // What is old goes at the start, and every hour; a gateway that stops has begun before.
    let world = world.restart_after(async |_, _| pass(2)).await;
    let world = world.restart().await;
    assert!(is_kept(&world, &checkout).await);
    let world = world.restart_after(async |_, _| pass(2)).await;
    world
        .until("it is forgotten", async || {
            !is_kept(&world, &checkout).await
        })
        .await;
    let said = confirm(&world, &checkout).await;
    assert_eq!(
        (&said["paid"], &said["access"]),
        (&json!(true), &json!("none"))
    );
    assert!(!is_kept(&world, &checkout).await, "nobody brings it back");
    world.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_checkout_is_kept_as_long_as_events_on_sqlite() {
    a_paid_checkout_is_kept_as_long_as_events(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_checkout_is_kept_as_long_as_events_on_postgresql() {
    let server = postgres().await;
    a_paid_checkout_is_kept_as_long_as_events(&[("DATABASE_URL", &server)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_came_first_is_not_overridden() {
    let world = World::begin().await;
    let (checkout, _) = paid(&world, "Handbook").await;
    refund(&world).await;
    deliver(&world, &[order(&world, "order.refunded").await]).await;
    let said = confirm(&world, &checkout).await;
    assert_eq!(
        (&said["paid"], &said["access"]),
        (&json!(true), &json!("none"))
    );
    assert_eq!(products(&world).await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_is_believed_until_the_state_says_otherwise() {
    let world = World::begin().await;
    let (checkout, pro) = paid(&world, "Pro").await;
    assert_eq!(confirm(&world, &checkout).await["access"], "provisional");
    assert_eq!(products(&world).await, json!([pro]));
    let customer = polar::list(&world.polar, "/v1/customers/").await;
    let customer = customer
        .iter()
        .find(|one| one["external_id"] == "u_1")
        .unwrap();
    let path = format!("/v1/customers/{}/state", customer["id"].as_str().unwrap());
    let mut state = world.polar.raw(&path).await.unwrap();
    state["active_subscriptions"] = json!([]);
    state["granted_benefits"] = json!([]);
    world.clock.advance(SignedDuration::from_secs(60));
    let told = json!({
        "type": "customer.state_changed", "timestamp": world.clock.now(), "data": state,
    });
    deliver(&world, &[told]).await;
    assert_eq!(products(&world).await, json!([]));
    assert_eq!(confirm(&world, &checkout).await["access"], "none");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_never_told_ends_by_itself_and_comes_back_by_no_asking() {
    let world = World::with(&[("POLARKIT_PROVISIONAL_MINUTES", "10")]).await;
    let (checkout, book) = paid(&world, "Handbook").await;
    confirm(&world, &checkout).await;
    world.clock.advance(SignedDuration::from_mins(9));
    assert_eq!(products(&world).await, json!([book]));
    world.clock.advance(SignedDuration::from_mins(2));
    assert_eq!(products(&world).await, json!([]));
    let said = confirm(&world, &checkout).await;
    assert_eq!(
        (&said["paid"], &said["access"]),
        (&json!(true), &json!("none"))
    );
    let world = world.reset(&[("POLARKIT_PROVISIONAL_MINUTES", "0")]).await;
    let (checkout, _) = paid(&world, "Pro").await;
    let said = confirm(&world, &checkout).await;
    assert_eq!(
        (&said["paid"], &said["access"]),
        (&json!(true), &json!("none")),
        "switched off"
    );
}

/// Its webhooks are lost: reading back finds the order long before the customer is dropped.
#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_that_nobody_told_is_read_back() {
    let world = World::with(&[("POLARKIT_RECONCILE", "true")]).await;
    crate::heal::read(&world).await;
    let (checkout, book) = paid(&world, "Handbook").await;
    assert_eq!(confirm(&world, &checkout).await["access"], "provisional");
    world
        .until("its order was read back", async || {
            world.clock.advance(SignedDuration::from_secs(1));
            reasons(&world)
                .await
                .iter()
                .any(|(source, _)| source.starts_with("order:"))
        })
        .await;
    assert_eq!(confirm(&world, &checkout).await["access"], "granted");
    world.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(products(&world).await, json!([book]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_confirms_their_own_and_not_for_ever() {
    let world = World::begin().await;
    let book = product(&world.polar, "Handbook").await;
    let ask = json!({"product_id": book, "customer_external_id": "u_1"});
    let created = world.post("/api/checkout/create", ask).await.ok();
    let open = created["checkout_id"].as_str().unwrap();
    let said = confirm_as(&world, open, "u_1").await.ok();
    assert_eq!(
        said,
        json!({
            "checkout_id": open, "status": "open", "product_id": book, "paid": false,
            "access": "none", "provisional_until": null,
        })
    );
    confirm_as(&world, open, "u_2")
        .await
        .refused(404, "not_found");
    confirm_as(&world, "nonsense", "u_1")
        .await
        .refused(404, "not_found");
    let (checkout, _) = paid(&world, "Handbook").await;
    confirm_as(&world, &checkout, "u_2")
        .await
        .refused(404, "not_found");
    assert_eq!(products(&world).await, json!([]), "nobody asked for u_1");
    for _ in 0..70 {
        let answer = confirm_as(&world, open, "u_2").await;
        if answer.status == 429 {
            assert!(answer.headers.contains_key("retry-after"));
            let own = confirm_as(&world, &checkout, "u_1").await.ok();
            assert_eq!(own["access"], "provisional", "others are not held up");
            return;
        }
    }
    panic!("it goes on for ever");
}
