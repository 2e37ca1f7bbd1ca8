//! What is taken at the door, event by event.

use reqwest::Method;
use serde_json::{Value, json};

use super::{call, delivered, events, pending};
use crate::answer::Answer;
use crate::world::{KEY, World};

const UNKNOWN: &str = "6f7a7b1e-3f0e-4d6f-8a59-0c6f2f9f1c11";

async fn lines(world: &World, body: impl Into<String>) -> Answer {
    let request = world
        .request(Method::POST, "/api/usage/track")
        .bearer_auth(KEY)
        .header("content-type", "application/x-ndjson");
    Answer::of(request.body(body.into()).send().await.unwrap()).await
}

fn with(field: &str, value: Value) -> Value {
    let mut event = call(1);
    event[field] = value;
    event
}

fn saying(metadata: Value) -> Value {
    with("metadata", metadata)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_event_sinks_none_of_the_others() {
    let world = World::begin().await;
    let batch = json!({"events": [call(1), with("name", json!("")), call(2), 7]});
    let answer = world.post("/api/usage/track", batch).await;
    assert_eq!(answer.status, 202);
    let answer = answer.ok();
    assert_eq!(
        (&answer["accepted"], &answer["refused"]),
        (&json!(2), &json!(2))
    );
    let (ids, results) = (&answer["ids"], &answer["results"]);
    assert_eq!(results[0]["id"], ids[0]);
    assert_eq!(results[2]["id"], ids[1]);
    assert_eq!(results[1]["error"]["field"], "name");
    assert_eq!(results[3]["error"]["detail"], "must be an object");
    delivered(&world).await;
    assert_eq!(events(&world).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_polar_would_refuse_is_told_by_field() {
    let world = World::begin().await;
    let long = |chars: usize| "x".repeat(chars);
    let many: serde_json::Map<_, _> = (0..51).map(|n| (format!("k{n}"), json!(1))).collect();
    let llm = json!({"vendor": "v", "model": "m", "input_tokens": 1, "output_tokens": 1});
    for (event, field) in [
        (with("name", json!(" ")), "name"),
        (with("name", json!(long(129))), "name"),
        (with("name", json!(5)), "name"),
        (with("name", json!("a\u{0}b")), "name"),
        (json!({"name": "x"}), "external_customer_id"),
        (
            with("external_customer_id", json!(" ")),
            "external_customer_id",
        ),
        (with("customer_id", json!(UNKNOWN)), "customer_id"),
        (json!({"name": "x", "customer_id": "u_1"}), "customer_id"),
        (with("member_id", json!(UNKNOWN)), "member_id"),
        (
            json!({"name": "x", "customer_id": UNKNOWN, "external_member_id": "m"}),
            "external_member_id",
        ),
        (with("parent_id", json!("")), "parent_id"),
        (with("id", json!("")), "id"),
        (
            with("timestamp", json!("2199-01-01T00:00:00Z")),
            "timestamp",
        ),
        (with("timestamp", json!("2025-01-01T00:00:00")), "timestamp"),
        (with("timestamp", json!("noon")), "timestamp"),
        (with("metadata", json!("x")), "metadata"),
        (saying(Value::Object(many)), "metadata"),
        (saying(json!({long(41): 1})), "metadata"),
        (saying(json!({"": 1})), "metadata"),
        (saying(json!({"note": long(501)})), "metadata.note"),
        (saying(json!({"note": ""})), "metadata.note"),
        (saying(json!({"note": null})), "metadata.note"),
        (saying(json!({"note": {"a": 1}})), "metadata.note"),
        (saying(json!({"note": [1]})), "metadata.note"),
        (saying(json!({"note": "a\u{0}b"})), "metadata.note"),
        (
            saying(json!({"_cost": {"amount": "1"}})),
            "metadata._cost.currency",
        ),
        (
            saying(json!({"_cost": {"amount": 100_000, "currency": "usd"}})),
            "metadata._cost.amount",
        ),
        (saying(json!({"_llm": llm})), "metadata._llm.total_tokens"),
    ] {
        let answer = world.post("/api/usage/track", event.clone()).await;
        let detail = answer.refused(400, "invalid_request");
        assert!(
            detail.starts_with(&format!("{field}: ")),
            "{event}: {detail}"
        );
    }
    assert_eq!(pending(&world).await, 0);
    for ask in [json!({"events": []}), json!({"events": 5}), json!([])] {
        let answer = world.post("/api/usage/track", ask).await;
        answer.refused(400, "invalid_request");
    }
    // Of several, each is told; only so many fit.
    let two = json!({"events": [with("name", json!("")), with("id", json!(""))]});
    let answer = world.post("/api/usage/track", two).await;
    let detail = answer.refused(400, "invalid_request");
    assert!(detail.contains("events[0].name: ") && detail.contains("events[1].id: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_accepted_at_the_edge_of_the_rules_polar_takes() {
    let world = World::begin().await;
    let most: serde_json::Map<_, _> = (0..50)
        .map(|n| (format!("{n:0>40}"), json!("é".repeat(500))))
        .collect();
    let edges = [
        saying(Value::Object(most)),
        with("name", json!("x".repeat(128))),
        saying(json!({"i": 1, "f": 1.5, "b": false, "t": "x", "n": -3})),
        saying(json!({"_cost": {"amount": "12345.123456789012", "currency": "usd"}})),
        saying(json!({"_cost": {"amount": -0.5, "currency": "usd"}})),
        saying(
            json!({"_llm": {"vendor": "v", "model": "m", "prompt": "p".repeat(5_000),
            "response": null, "input_tokens": 1, "cached_input_tokens": 0, "output_tokens": 2,
            "total_tokens": 3}}),
        ),
        with("timestamp", json!("2026-01-01T02:00:00+02:00")),
        with("parent_id", json!("nobody-knows")),
        with("external_id", json!("own-1")),
    ];
    let ask = json!({ "events": edges });
    let answer = world.post("/api/usage/track", ask).await.ok();
    assert_eq!(answer["refused"], 0, "{answer}");
    assert_eq!(answer["ids"][8], "own-1");
    delivered(&world).await;
    let dead = world.get("/api/dead-letters").await.ok();
    assert_eq!(dead["usage"], json!([]));
    assert_eq!(events(&world).await.len(), edges.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_lines_is_read_line_by_line() {
    let world = World::begin().await;
    let body = format!(
        "{}\n\n{{\"name\": \n{}\r\n{}\n{} {{}}\n",
        call(1),
        call(2),
        with("name", json!("")),
        call(3)
    );
    let answer = lines(&world, body).await;
    assert_eq!(answer.status, 202);
    let answer = answer.ok();
    assert_eq!(
        (&answer["accepted"], &answer["refused"]),
        (&json!(2), &json!(3))
    );
    let told: Vec<(u64, bool)> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["line"].as_u64().unwrap(), one["id"].is_string()))
        .collect();
    assert_eq!(
        told,
        [(1, true), (3, false), (4, true), (5, false), (6, false)]
    );
    delivered(&world).await;
    assert_eq!(events(&world).await.len(), 2);
    lines(&world, "\n\n").await.refused(400, "invalid_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_lines_have_their_bounds() {
    let world = World::begin().await;
    let line = format!("{}\n", call(1));
    let answer = lines(&world, line.repeat(10_000)).await.ok();
    assert_eq!(answer["accepted"], 10_000);
    lines(&world, line.repeat(10_001))
        .await
        .refused(400, "invalid_request");
    lines(&world, " ".repeat((8 << 20) + 1))
        .await
        .refused(413, "too_large");
    let seen = world.gateway.store().usage_backlog(0).await.unwrap();
    assert_eq!(seen.accepted, 10_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_is_neither_is_not_taken() {
    let world = World::begin().await;
    let call = world
        .request(Method::POST, "/api/usage/track")
        .bearer_auth(KEY)
        .header("content-type", "text/plain")
        .body(call(1).to_string());
    let answer = Answer::of(call.send().await.unwrap()).await;
    answer.refused(415, "unsupported_media_type");
}
