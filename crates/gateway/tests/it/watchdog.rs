//! An endpoint that Polar switched off: noticed, switched on again, and nothing is missing.

use jiff::SignedDuration;
use serde_json::json;

use crate::polar::{agrees, buy, deliver, list, patch, subscription, truth};
use crate::world::{World, postgres};

const HEALING: (&str, &str) = ("POLARKIT_RECONCILE", "true");
const WATCHING: (&str, &str) = ("POLARKIT_WATCHDOG", "heal");

async fn condition(world: &World) -> String {
    let status = world.get("/api/reconcile").await.ok();
    status["endpoint"]["condition"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

async fn is_enabled(world: &World) -> bool {
    let endpoints = list(&world.polar, "/v1/webhooks/endpoints").await;
    endpoints.iter().any(|endpoint| endpoint["enabled"] == true)
}

/// Ten deliveries fail for good while the gateway is away; Polar switches the endpoint off and
/// writes down nothing more. What was bought, renewed and cancelled meanwhile is known after all.
async fn outage(database: &[(&str, &str)]) {
    let settings: Vec<_> = database
        .iter()
        .copied()
        .chain([HEALING, WATCHING])
        .collect();
    let world = World::with(&settings).await;
    buy(&world.polar, &world.sandbox, "Pro", "u_1").await;
    buy(&world.polar, &world.sandbox, "Handbook", "u_2").await;
    agrees(&world).await;
    let clock = std::sync::Arc::clone(&world.clock);
    let world = world
        .restart_after(async |polar, sandbox| {
            buy(polar, sandbox, "Pro", "u_3").await;
            sandbox
                .advance(SignedDuration::from_hours(3))
                .await
                .unwrap();
            buy(polar, sandbox, "Pro", "u_4").await;
            let id = subscription(polar, "u_1").await;
            let path = format!("/v1/subscriptions/{id}");
            patch(polar, &path, &json!({"revoke": true})).await;
            sandbox
                .advance(SignedDuration::from_hours(3))
                .await
                .unwrap();
            let endpoints = list(polar, "/v1/webhooks/endpoints").await;
            assert!(
                endpoints
                    .iter()
                    .all(|endpoint| endpoint["enabled"] == false)
            );
            clock.advance(SignedDuration::from_mins(10));
        })
        .await;
    agrees(&world).await;
    assert!(truth(&world.polar).await["u_1"].is_empty());
    world
        .until("Polar delivers again", async || is_enabled(&world).await)
        .await;
    buy(&world.polar, &world.sandbox, "Handbook", "u_5").await;
    agrees(&world).await;
    let metrics = world.get("/metrics").await.ok();
    let metrics = metrics.as_str().unwrap();
    assert!(
        metrics.contains("polarkit_webhook_endpoint_well 1"),
        "{metrics}"
    );
    assert!(metrics.contains("polarkit_webhook_endpoint_switched_on_total 1"));
    world.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_heals_by_itself() {
    outage(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_heals_by_itself_on_postgresql() {
    let server = postgres().await;
    outage(&[("DATABASE_URL", &server)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_polar_gave_up_is_delivered_again() {
    let world = World::with(&[WATCHING]).await;
    let before = world.get("/api/inbox").await.ok();
    assert_eq!(before["items"].as_array().unwrap().len(), 0);
    let clock = std::sync::Arc::clone(&world.clock);
    let world = world
        .restart_after(async |polar, sandbox| {
            // Fewer than ten: the endpoint stays on.
            let body = json!({"email": "jane@example.com", "external_id": "u_1"});
            crate::polar::post(polar, "/v1/customers/", &body).await;
            sandbox.settle().await.unwrap();
            sandbox
                .advance(SignedDuration::from_hours(3))
                .await
                .unwrap();
            clock.advance(SignedDuration::from_mins(10));
        })
        .await;
    world
        .until("the customer is told", async || {
            world.get("/api/customers/u_1").await.status == 200
        })
        .await;
    let metrics = world.get("/metrics").await.ok();
    assert!(
        metrics
            .as_str()
            .unwrap()
            .contains("polarkit_redeliveries_total")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_wants_a_report_gets_no_more() {
    let world = World::with(&[("POLARKIT_WATCHDOG", "report")]).await;
    world
        .until("it is looked at", async || {
            condition(&world).await == "well"
        })
        .await;
    deliver(&world.polar, false).await;
    world
        .until("it is noticed", async || {
            world.clock.advance(SignedDuration::from_mins(5));
            condition(&world).await == "disabled"
        })
        .await;
    assert!(!is_enabled(&world).await);
    let metrics = world.get("/metrics").await.ok();
    assert!(
        metrics
            .as_str()
            .unwrap()
            .contains("polarkit_webhook_endpoint_well 0")
    );
    for endpoint in list(&world.polar, "/v1/webhooks/endpoints").await {
        let path = format!(
            "/v1/webhooks/endpoints/{}",
            endpoint["id"].as_str().unwrap()
        );
        let call = world.polar.raw(&path).method(reqwest::Method::DELETE);
        call.await.unwrap();
    }
    world
        .until("it is missed", async || {
            world.clock.advance(SignedDuration::from_mins(5));
            condition(&world).await == "missing"
        })
        .await;
}
