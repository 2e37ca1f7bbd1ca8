//! A customer's life with a subscription, from the first click to the end of access.

use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use polarkit_gateway::hook::{Access, Hooks, OrderPaid, Running};
use reqwest::Method;
use serde_json::json;

use crate::event::{PRODUCT, deliver, event, order, subscription};
use crate::shop::{benefit, buy};
use crate::world::World;

async fn allowed(world: &World, question: &str) -> bool {
    let path = format!("/api/entitlements/u_1/check?{question}");
    world.get(&path).await.ok()["allowed"].as_bool().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn bought_renewed_cancelled_over() {
    let world = World::begin().await;
    let product = buy(&world, "Pro", "u_1").await;
    let flag = benefit(&world.polar, &product, "feature_flag").await;
    assert!(allowed(&world, &format!("product={product}")).await);
    assert!(allowed(&world, &format!("benefit={flag}")).await);
    let mirrored = world.get("/api/customers/u_1").await.ok();
    assert_eq!(mirrored["subscriptions"][0]["status"], "active");
    assert_eq!(mirrored["orders"].as_array().unwrap().len(), 1);
    assert_eq!(mirrored["license_keys"].as_array().unwrap().len(), 1);

    world
        .sandbox
        .advance(SignedDuration::from_hours(24 * 32))
        .await
        .unwrap();
    world.settle().await;
    assert!(
        allowed(&world, &format!("product={product}")).await,
        "renewed"
    );
    let mirrored = world.get("/api/customers/u_1").await.ok();
    assert_eq!(mirrored["orders"].as_array().unwrap().len(), 2);

    let id = mirrored["subscriptions"][0]["id"].as_str().unwrap();
    let call = world
        .polar
        .raw(&format!("/v1/subscriptions/{id}"))
        .method(Method::PATCH);
    call.json(&json!({"cancel_at_period_end": true}))
        .await
        .unwrap();
    world.settle().await;
    assert!(
        allowed(&world, &format!("product={product}")).await,
        "paid to the period's end"
    );
    let why = world.get("/api/entitlements/u_1/why").await.ok();
    let reasons = why["reasons"].as_array().unwrap();
    let own = reasons
        .iter()
        .find(|one| one["source"] == format!("subscription:{id}"))
        .unwrap();
    assert!(own["detail"]["ends_at"].is_string(), "{why}");

    world
        .sandbox
        .advance(SignedDuration::from_hours(24 * 32))
        .await
        .unwrap();
    world.settle().await;
    assert!(
        !allowed(&world, &format!("product={product}")).await,
        "over"
    );
    assert!(!allowed(&world, &format!("benefit={flag}")).await, "over");
    let dead = world.get("/api/dead-letters").await.ok();
    assert_eq!(
        (&dead["webhooks"], &dead["usage"]),
        (&json!([]), &json!([]))
    );
}

#[derive(Default)]
struct Told {
    heard: Mutex<Vec<String>>,
    /// So many calls fail before one is heard.
    failures: Mutex<u32>,
}

impl Told {
    fn hear(&self, what: String) -> Running<'_> {
        Box::pin(async move {
            let mut failures = self.failures.lock().unwrap();
            if *failures > 0 {
                *failures -= 1;
                return Err("not now".into());
            }
            self.heard.lock().unwrap().push(what);
            Ok(())
        })
    }
}

impl Hooks for Told {
    fn order_paid<'a>(&'a self, call: &'a OrderPaid) -> Running<'a> {
        self.hear(format!("paid {} {}", call.id, call.order["total_amount"]))
    }
    fn access_granted<'a>(&'a self, call: &'a Access) -> Running<'a> {
        let external_id = call.external_id.as_deref().unwrap_or_default();
        self.hear(format!(
            "granted {} {} to {external_id}",
            call.kind, call.target
        ))
    }
    fn access_revoked<'a>(&'a self, call: &'a Access) -> Running<'a> {
        self.hear(format!(
            "revoked {} {} {}",
            call.kind, call.target, call.reason
        ))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_are_told_of_changes_not_of_deliveries() {
    let told = Arc::new(Told::default());
    let world = World::hooked(Arc::<Told>::clone(&told)).await;
    let paid = order("paid", true, 4);
    let id = paid["id"].as_str().unwrap().to_owned();
    let mut over = subscription("canceled", 9);
    over["customer"]["external_id"] = json!("u_1");
    *told.failures.lock().unwrap() = 1;
    for step in [
        event("order.paid", 4, paid.clone()),
        event("order.updated", 5, paid),
        event("subscription.active", 6, subscription("active", 6)),
        event("order.refunded", 7, order("refunded", true, 7)),
        event("subscription.revoked", 9, over),
    ] {
        deliver(&world, &[step]).await;
    }
    let expected = [
        format!("granted product {PRODUCT} to u_1"),
        format!("paid order_paid:{id} 1200"),
        format!("revoked product {PRODUCT} canceled"),
    ];
    world
        .until("every hook was told once", async || {
            world.clock.advance(SignedDuration::from_millis(100));
            let mut heard = told.heard.lock().unwrap().clone();
            heard.sort();
            heard == expected
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_are_a_subscriber_like_any_other() {
    let told = Arc::new(Told::default());
    let world = World::hooked(Arc::<Told>::clone(&told)).await;
    deliver(&world, &[event("order.paid", 4, order("paid", true, 4))]).await;
    let heard = async |count| {
        world
            .until("the hooks were told", async || {
                told.heard.lock().unwrap().len() == count
            })
            .await;
    };
    heard(2).await;
    let shown = async || world.get("/api/subscribers/hooks").await.ok();
    world
        .until("it is settled", async || shown().await["pending"] == 0)
        .await;
    let shown = shown().await;
    assert_eq!(
        (&shown["kind"], &shown["url"]),
        (&json!("hook"), &json!(null))
    );
    let replay = "/api/subscribers/hooks/replay";
    let asked = json!({"status": ["delivered"], "types": ["access.*"]});
    assert_eq!(world.post(replay, asked).await.ok()["queued"], 1);
    heard(3).await;
    for path in ["/test", "/secret/rotate"] {
        let path = format!("/api/subscribers/hooks{path}");
        world
            .post(&path, json!({}))
            .await
            .refused(400, "invalid_request");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_was_left_is_revoked() {
    const OTHER: &str = "5b5b1201-0000-4000-8000-539b764d69e1";
    let told = Arc::new(Told::default());
    let world = World::hooked(Arc::<Told>::clone(&told)).await;
    let mut moved = subscription("active", 8);
    moved["product_id"] = json!(OTHER);
    for step in [
        event("subscription.active", 6, subscription("active", 6)),
        event("subscription.updated", 8, moved),
    ] {
        deliver(&world, &[step]).await;
    }
    let expected = [
        format!("granted product {OTHER} to u_1"),
        format!("granted product {PRODUCT} to u_1"),
        format!("revoked product {PRODUCT} no_longer_stated"),
    ];
    world
        .until("both changes were told", async || {
            world.clock.advance(SignedDuration::from_millis(100));
            let mut heard = told.heard.lock().unwrap().clone();
            heard.sort();
            heard == expected
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_went_back_is_not_told_as_paid() {
    let told = Arc::new(Told::default());
    let world = World::hooked(Arc::<Told>::clone(&told)).await;
    let refunded = order("refunded", true, 7);
    deliver(&world, &[event("order.refunded", 7, refunded)]).await;
    deliver(
        &world,
        &[event("subscription.active", 8, subscription("active", 8))],
    )
    .await;
    world
        .until("the later change was told", async || {
            world.clock.advance(SignedDuration::from_millis(100));
            !told.heard.lock().unwrap().is_empty()
        })
        .await;
    let heard = told.heard.lock().unwrap().clone();
    assert_eq!(heard, [format!("granted product {PRODUCT} to u_1")]);
}

/// Panics once, then listens.
#[derive(Default)]
struct Startled(Mutex<Vec<bool>>);

impl Hooks for Startled {
    fn access_granted<'a>(&'a self, _call: &'a Access) -> Running<'a> {
        Box::pin(async move {
            let first = {
                let mut heard = self.0.lock().unwrap();
                heard.push(true);
                heard.len() == 1
            };
            assert!(!first, "the application's own bug");
            Ok(())
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_panics_is_called_again() {
    let startled = Arc::new(Startled::default());
    let world = World::hooked(Arc::<Startled>::clone(&startled)).await;
    let active = event("subscription.active", 6, subscription("active", 6));
    deliver(&world, &[active]).await;
    world
        .until("it was called again", async || {
            world.clock.advance(SignedDuration::from_millis(100));
            startled.0.lock().unwrap().len() == 2
        })
        .await;
}
