//! The example shop against the sandbox, from a checkout to a licence.

use std::{collections::HashMap, sync::Arc};

use axum::body::Body;
use http::{Request, StatusCode, header::CONTENT_TYPE};
use http_body_util::BodyExt as _;
use polarkit::{
    model::{AddressInput, WebhookEventType, WebhookFormat},
    usage::UsageTracker,
    webhooks::WebhookConfig,
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{
    sandbox::{World, product},
    usage::LONG,
};

#[expect(dead_code, reason = "an example has a `main`")]
#[path = "../../examples/axum_shop/main.rs"]
mod shop;

/// The shop on a port of its own, where Polar's webhooks go.
#[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
async fn open(world: &World) -> shop::Shop {
    let polar = world.seller();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhook/polar", listener.local_addr().unwrap());
    let events = [
        WebhookEventType::OrderPaid,
        WebhookEventType::CheckoutUpdated,
    ];
    let endpoint = polar
        .webhooks()
        .create_endpoint(url, WebhookFormat::Raw, events)
        .await
        .unwrap();
    let shop = shop::Shop {
        organization: world.organization(),
        webhooks: WebhookConfig::new([endpoint.secret]).unwrap(),
        usage: UsageTracker::start(polar.clone()).unwrap(),
        success_url: "https://shop.example/thanks".to_owned(),
        users: Arc::new(HashMap::from([(
            "key-of-ada".to_owned(),
            "u_42".to_owned(),
        )])),
        ledger: Arc::default(),
        polar,
    };
    let app = shop::app(shop.clone());
    tokio::task::spawn(async move { axum::serve(listener, app).await.unwrap() });
    shop
}

/// Status and body of the shop's answer.
async fn ask(
    shop: &shop::Shop,
    key: &str,
    method: &str,
    path: &str,
    body: Value,
) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {key}"))
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = shop::app(shop.clone()).oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

async fn pay(world: &World, checkout: &Value) {
    let polar = world.seller();
    let id = checkout["checkout_id"].as_str().unwrap().parse().unwrap();
    let checkout = polar.checkouts().get(id).await.unwrap();
    polar
        .checkouts()
        .client_confirm(checkout.client_secret.reveal())
        .customer_name("Ada")
        .customer_email("ada@example.com")
        .customer_billing_address(AddressInput::new("DE"))
        .confirmation_token_id("pm_card_visa")
        .await
        .unwrap();
    world.settle().await;
}

#[tokio::test]
async fn what_is_bought_is_heard_metered_and_licensed() {
    let world = World::begin().await;
    let shop = open(&world).await;
    let polar = world.seller();
    let pro = product(&polar, "Pro").await.id;
    let post = async |path, body| ask(&shop, "key-of-ada", "POST", path, body).await;
    let get = async |path: &str| ask(&shop, "key-of-ada", "GET", path, Value::Null).await;

    assert_eq!(
        get("/health").await.1,
        json!({"status": "ok", "polar_connected": true})
    );
    let (status, checkout) = post("/api/checkout/create", json!({"product_id": pro})).await;
    assert_eq!(
        (status, &checkout["status"]),
        (StatusCode::OK, &json!("created")),
        "{checkout}"
    );
    assert_eq!(get("/api/access").await.1, json!([]));
    pay(&world, &checkout).await;

    // The webhook came, was verified, and gave access.
    assert_eq!(get("/api/access").await.1, json!([pro]));
    let path = format!(
        "/api/checkout/{}/details",
        checkout["checkout_id"].as_str().unwrap()
    );
    assert_eq!(get(&path).await.1["status"], "succeeded");
    let (_, portal) = post("/api/customer-portal/session", json!({})).await;
    assert!(
        portal["portal_url"].as_str().unwrap().contains("/portal"),
        "{portal}"
    );

    let keys = polar.license_keys().list().await.unwrap();
    let key = keys.items[0].key.reveal();
    let (status, license) = post("/api/license/validate", json!({"license_key": key})).await;
    assert_eq!(
        (status, &license["status"]),
        (StatusCode::OK, &json!("granted"))
    );
    let (status, _) = post("/api/license/validate", json!({"license_key": "NO"})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);

    // Seven calls succeeded.
    shop.usage.flush(LONG).await.unwrap();
    let events = polar.events().list().name("api_call").await.unwrap();
    assert_eq!((shop.usage.tally().delivered, events.items.len()), (7, 7));
}

#[tokio::test]
async fn nobody_acts_for_somebody_else() {
    let world = World::begin().await;
    let shop = open(&world).await;
    let pro = product(&world.seller(), "Pro").await.id;
    let stranger = ask(
        &shop,
        "key-of-eve",
        "POST",
        "/api/checkout/create",
        json!({"product_id": pro}),
    );
    assert_eq!(stranger.await.0, StatusCode::UNAUTHORIZED);
    let forged = ask(
        &shop,
        "key-of-ada",
        "POST",
        "/webhook/polar",
        json!({"type": "order.paid"}),
    );
    assert_eq!(forged.await.0, StatusCode::BAD_REQUEST);
    let others = world
        .seller()
        .checkouts()
        .create([pro])
        .external_customer_id("u_43")
        .await
        .unwrap();
    let path = format!("/api/checkout/{}/details", others.id);
    let (status, body) = ask(&shop, "key-of-ada", "GET", &path, Value::Null).await;
    assert_eq!(
        (status, body),
        (StatusCode::NOT_FOUND, json!({"detail": "Not found"}))
    );
    assert_eq!(shop.usage.tally().accepted, 0);
}
