//! The contract, its page, the figures: for those who hold a key.

use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::event::{deliver, event, subscription};
use crate::world::World;

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
        "/api/license/lease",
        "/api/license/keys",
        "/api/license/pool",
        "/api/license/revocations",
        "/api/entitlements/{external_id}",
        "/api/entitlements/{external_id}/check",
        "/api/entitlements/{external_id}/why",
        "/api/customers/{external_id}",
        "/api/customers/resolve",
        "/api/usage/track",
        "/api/usage/balance/{external_id}",
        "/api/inbox",
        "/api/inbox/replay",
        "/api/inbox/{webhook_id}",
        "/api/inbox/{webhook_id}/replay",
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

/// Two shapes of one name would leave the contract with one of them.
#[tokio::test(flavor = "multi_thread")]
async fn every_shape_of_the_contract_has_a_name_of_its_own() {
    let world = World::begin().await;
    let contract = world.get("/openapi.json").await.ok();
    let named = |schema: &Value| {
        let name = schema["$ref"].as_str().unwrap().trim_start_matches('#');
        contract.pointer(name).unwrap().clone()
    };
    let json = "application/json";
    for (path, field) in [
        ("/api/checkout/create", "product_id"),
        ("/api/license/validate", "license_key"),
        ("/api/customer-portal/session", "external_customer_id"),
        ("/api/reconcile", "customer_id"),
        ("/api/inbox/replay", "customer_id"),
        ("/api/subscribers/{id}/replay", "event_ids"),
    ] {
        let asked =
            named(&contract["paths"][path]["post"]["requestBody"]["content"][json]["schema"]);
        assert!(asked["properties"][field].is_object(), "{path}: {asked}");
    }
    for (method, path, field) in [
        ("post", "/api/inbox/{webhook_id}/replay", "status"),
        ("post", "/api/subscribers/{id}/replay", "next"),
        ("post", "/api/subscribers/{id}/test", "latency_ms"),
    ] {
        let responses = &contract["paths"][path][method]["responses"];
        let told = named(&responses["200"]["content"][json]["schema"]);
        assert!(told["properties"][field].is_object(), "{path}: {told}");
    }
    for (path, field) in [
        ("/api/inbox", "verified_by"),
        ("/api/subscribers/{id}/deliveries", "attempts"),
    ] {
        let list =
            named(&contract["paths"][path]["get"]["responses"]["200"]["content"][json]["schema"]);
        let item = named(&list["properties"]["items"]["items"]);
        assert!(item["properties"][field].is_object(), "{path}: {item}");
    }
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
