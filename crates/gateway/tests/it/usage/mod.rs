//! Usage: accepted, durable, delivered, balanced.

mod delivery;
mod outage;
pub(crate) mod road;
mod rollup;
mod track;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::event::at;
use crate::shop::buy;
use crate::world::{World, spawn};

fn call(units: i64) -> Value {
    json!({"external_customer_id": "u_1", "name": "api_call", "metadata": {"units": units}})
}

/// Waits until Polar has everything, or refused it.
pub(crate) async fn delivered(world: &World) {
    world
        .until("all usage is settled", async || {
            world.clock.advance(SignedDuration::from_secs(1));
            pending(world).await == 0
        })
        .await;
}

/// Events that wait.
pub(crate) async fn pending(world: &World) -> i64 {
    world
        .gateway
        .store()
        .usage_backlog(0)
        .await
        .unwrap()
        .pending
}

pub(crate) async fn events(world: &World) -> Vec<Value> {
    let call = world
        .polar
        .raw("/v1/events/")
        .query("source", "user")
        .query("limit", 100);
    call.await.unwrap()["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_reaches_polar_as_it_was_told() {
    let world = World::begin().await;
    let mut told = call(3);
    told["timestamp"] = json!(at(5));
    told["metadata"]["endpoint"] = json!("/v1/answer");
    let answer = world.post("/api/usage/track", told).await;
    assert_eq!(answer.status, 202);
    let accepted = answer.ok();
    assert_eq!(accepted["accepted"], 1);
    delivered(&world).await;
    let seen = &events(&world).await[0];
    assert_eq!(seen["name"], "api_call");
    assert_eq!(seen["external_customer_id"], "u_1");
    assert_eq!(
        seen["metadata"],
        json!({"units": 3, "endpoint": "/v1/answer"})
    );
    assert_eq!(seen["timestamp"], at(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_and_the_same_id_once() {
    let world = World::begin().await;
    let many: Vec<Value> = (0..1_000).map(|_| call(1)).collect();
    let accepted = world
        .post("/api/usage/track", json!({ "events": many }))
        .await
        .ok();
    assert_eq!(accepted["ids"].as_array().unwrap().len(), 1_000);
    let too_many: Vec<Value> = (0..1_001).map(|_| call(1)).collect();
    let answer = world
        .post("/api/usage/track", json!({ "events": too_many }))
        .await;
    answer.refused(400, "invalid_request");
    let mut own = call(1);
    own["id"] = json!("request-77");
    for _ in 0..3 {
        assert_eq!(
            world.post("/api/usage/track", own.clone()).await.ok()["ids"][0],
            "request-77"
        );
    }
    delivered(&world).await;
    let all = world
        .polar
        .raw("/v1/events/")
        .query("source", "user")
        .query("limit", 1);
    assert_eq!(all.await.unwrap()["pagination"]["total_count"], 1_001);
    let text = world
        .get("/metrics")
        .await
        .ok()
        .as_str()
        .unwrap()
        .to_owned();
    assert!(text.contains("polarkit_usage_pending 0"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_waited_out_and_survives_a_restart() {
    let world = World::with(&[("POLAR_SERVER", "http://127.0.0.1:9")]).await;
    for _ in 0..3 {
        assert_eq!(world.post("/api/usage/track", call(1)).await.status, 202);
    }
    let world = world.restart().await;
    let backlog = world.gateway.store().usage_backlog(0).await.unwrap();
    assert_eq!((backlog.pending, backlog.dead), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_in_polars_place_costs_no_event() {
    for status in [403, 404] {
        let (url, heard) = stranger(status).await;
        let world = World::with(&[("POLAR_SERVER", &url)]).await;
        assert_eq!(world.post("/api/usage/track", call(1)).await.status, 202);
        world
            .until("it was sent more than a few times", async || {
                world.clock.advance(SignedDuration::from_mins(6));
                heard.load(Ordering::Relaxed) > 5
            })
            .await;
        let backlog = world.gateway.store().usage_backlog(0).await.unwrap();
        assert_eq!((backlog.pending, backlog.dead), (1, 0), "{status}");
        let ask = json!({"license_key": "K"});
        let answer = world.post("/api/license/validate", ask).await;
        answer.refused(503, "upstream_unavailable");
    }
}

/// A proxy on the way, or another server altogether: how often it was sent usage.
async fn stranger(status: u16) -> (String, Arc<AtomicU32>) {
    let heard = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&heard);
    let answer = async move |uri: http::Uri| {
        if uri.path() == "/v1/events/ingest" {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let status = http::StatusCode::from_u16(status).unwrap();
        (status, "<h1>Not what you are looking for</h1>")
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = axum::Router::new().fallback(answer);
    spawn(axum::serve(listener, app).into_future());
    (url, heard)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_too_large_to_wait_in_memory_is_refused() {
    let world = World::begin().await;
    let mut huge = call(1);
    huge["metadata"]["_llm"] = json!({"vendor": "v", "model": "m", "prompt": "x".repeat(70_000),
        "input_tokens": 1, "output_tokens": 1, "total_tokens": 2});
    let answer = world.post("/api/usage/track", huge).await;
    assert!(
        answer
            .refused(400, "invalid_request")
            .starts_with("metadata: "),
        "{answer:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_is_polars_less_what_it_has_not_counted() {
    let world = World::begin().await;
    buy(&world, "Metered", "u_1").await;
    let look = async || world.get("/api/usage/balance/u_1").await.ok()["meters"][0].clone();
    let before = look().await;
    assert_eq!(
        (&before["name"], &before["complete"]),
        (&json!("API calls"), &json!(true))
    );
    assert_eq!(before["balance"].as_f64(), Some(1_000.0));
    world.post("/api/usage/track", call(30)).await.ok();
    world
        .post(
            "/api/usage/track",
            json!({"external_customer_id": "u_1", "name": "other"}),
        )
        .await
        .ok();
    let after = look().await;
    assert_eq!(after["balance"].as_f64(), Some(970.0), "{after}");
    let check = world
        .get("/api/entitlements/u_1/check?meter=API%20calls")
        .await
        .ok();
    assert_eq!(
        (&check["allowed"], check["value"].as_f64()),
        (&json!(true), Some(970.0))
    );
    // Two uses at the very same instant look like one to a clock that stands still.
    delivered(&world).await;
    world.settle().await;
    world.clock.advance(SignedDuration::from_secs(1));
    world.post("/api/usage/track", call(970)).await.ok();
    let check = world
        .get("/api/entitlements/u_1/check?meter=API%20calls")
        .await
        .ok();
    assert_eq!(
        (&check["allowed"], &check["reason"]),
        (&json!(false), &json!("used_up"))
    );
    delivered(&world).await;
    world
        .sandbox
        .advance(SignedDuration::from_mins(5))
        .await
        .unwrap();
    world.settle().await;
    let counted = look().await;
    assert_eq!(counted["polar_balance"].as_f64(), Some(0.0), "{counted}");
    assert_eq!(
        counted["balance"].as_f64(),
        Some(0.0),
        "counted once: {counted}"
    );
    let unknown = world
        .get("/api/entitlements/u_1/check?meter=nope")
        .await
        .ok();
    assert_eq!(unknown["reason"], "no_such_meter");
}
