//! The contract, its page, the figures: for those who hold a key.

use reqwest::Method;
use serde_json::json;

use crate::event::{deliver, event, subscription};
use crate::world::{Answer, World};

#[tokio::test(flavor = "multi_thread")]
async fn none_of_them_is_public() {
    let world = World::begin().await;
    for path in ["/metrics", "/openapi.json", "/docs"] {
        let answer = Answer::of(world.request(Method::GET, path).send().await.unwrap()).await;
        answer.refused(401, "unauthenticated");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_lists_every_route_with_its_schemas() {
    let world = World::begin().await;
    let contract = world.get("/openapi.json").await.ok();
    assert_eq!(contract["info"]["title"], "Polar Integration API");
    assert_eq!(contract["info"]["version"], "1.0.0");
    let create = &contract["paths"]["/api/checkout/create"]["post"];
    assert!(create["requestBody"]["content"]["application/json"]["schema"].is_object());
    for path in [
        "/",
        "/health",
        "/ready",
        "/webhook/polar",
        "/api/checkout/{checkout_id}/details",
        "/api/checkout/{checkout_id}/confirm",
        "/api/customer-portal/session",
        "/api/license/validate",
        "/api/license/activate",
        "/api/license/deactivate",
        "/api/entitlements/{external_id}",
        "/api/entitlements/{external_id}/check",
        "/api/entitlements/{external_id}/why",
        "/api/customers/{external_id}",
        "/api/customers/resolve",
        "/api/usage/track",
        "/api/usage/balance/{external_id}",
        "/api/inbox",
        "/api/dead-letters",
        "/api/subscribers",
        "/api/subscribers/{id}",
        "/api/subscribers/{id}/enable",
        "/api/subscribers/{id}/disable",
        "/api/subscribers/{id}/secret/rotate",
        "/api/subscribers/{id}/test",
        "/api/subscribers/{id}/deliveries",
        "/api/subscribers/{id}/replay",
        "/api/events/stream",
    ] {
        assert!(contract["paths"][path].is_object(), "{path}");
    }
    let page = world.get("/docs").await;
    assert_eq!(page.status, 200);
    assert!(page.body.as_str().unwrap().contains("/api/usage/track"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_tell_what_came() {
    let world = World::begin().await;
    deliver(
        &world,
        &[event("subscription.active", 4, subscription("active", 4))],
    )
    .await;
    let text = world
        .get("/metrics")
        .await
        .ok()
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        text.contains(r#"polarkit_deliveries_total{outcome="stored"} 1"#),
        "{text}"
    );
    assert!(text.contains("polarkit_inbox_pending 0"), "{text}");
    let line = r#"polarkit_webhooks_total{type="subscription.active",outcome="processed"} 1"#;
    assert!(text.contains(line), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins_may_not_call_unless_listed() {
    let world = World::with(&[("POLARKIT_CORS_ORIGINS", "https://app.example")]).await;
    let ask = |origin: &'static str| {
        world
            .request(Method::GET, "/health")
            .header("origin", origin)
    };
    let listed = Answer::of(ask("https://app.example").send().await.unwrap()).await;
    assert_eq!(
        listed.headers["access-control-allow-origin"],
        "https://app.example"
    );
    assert!(
        !listed
            .headers
            .contains_key("access-control-allow-credentials")
    );
    let other = Answer::of(ask("https://evil.example").send().await.unwrap()).await;
    assert!(!other.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_origin_cannot_sneak_a_body_in() {
    let world = World::begin().await;
    let call = world
        .request(Method::POST, "/api/license/validate")
        .header("content-type", "text/plain")
        .body(json!({"license_key": "x"}).to_string());
    let answer = Answer::of(call.send().await.unwrap()).await;
    answer.refused(415, "unsupported_media_type");
}
