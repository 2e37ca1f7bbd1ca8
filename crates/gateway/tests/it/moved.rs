//! A gateway that began on SQLite goes on with PostgreSQL as if nothing had happened.

use std::collections::BTreeMap;

use axum::response::IntoResponse as _;
use http::StatusCode;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::polar::buy;
use crate::receiver::{HERE, Heard, Receiver, ask, shown, until_settled};
use crate::shop::product;
use crate::world::{KEY, World, postgres};

/// What an application, and an operator, may ask.
const QUESTIONS: [&str; 10] = [
    "/api/entitlements/u_1",
    "/api/entitlements/u_1/why",
    "/api/entitlements/u_2",
    "/api/customers/u_1",
    "/api/customers/u_2",
    "/api/inbox?limit=100",
    "/api/dead-letters",
    "/api/drift",
    "/api/subscribers",
    "/api/reconcile",
];

async fn answers(world: &World) -> BTreeMap<&'static str, Value> {
    let mut answers = BTreeMap::new();
    for question in QUESTIONS {
        answers.insert(question, world.get(question).await.ok());
    }
    answers
}

fn ids(heard: &[Heard]) -> Vec<String> {
    heard.iter().map(|one| one.id().to_owned()).collect()
}

async fn checkout(world: &World) -> Value {
    let product = product(&world.polar, "Pro").await;
    let call = world
        .request(Method::POST, "/api/checkout/create")
        .bearer_auth(KEY)
        .header("idempotency-key", "click-1")
        .json(&json!({"product_id": product, "customer_external_id": "u_3"}));
    Answer::of(call.send().await.unwrap()).await.ok()
}

/// Six events, by ids of their own.
async fn track(world: &World) {
    let events: Vec<Value> = (0..6)
        .map(|number| {
            json!({"external_customer_id": "u_1", "name": "api_call", "id": format!("call-{number}"),
                "metadata": {"units": 1}})
        })
        .collect();
    let ask = json!({ "events": events });
    world.post("/api/usage/track", ask).await.ok();
}

/// Waits until no usage waits any more; says how many events Polar has.
async fn counted(world: &World) -> u64 {
    world
        .until("all usage is Polar's", async || {
            world.clock.advance(SignedDuration::from_secs(30));
            world
                .gateway
                .store()
                .usage_backlog(0)
                .await
                .unwrap()
                .pending
                == 0
        })
        .await;
    let call = world.polar.raw("/v1/events/").query("source", "user");
    let counted = call.query("limit", 1).await.unwrap();
    counted["pagination"]["total_count"].as_u64().unwrap()
}

/// Waits until a deaf subscriber gets nothing but a probe now and then, and none is under way: an hour
/// that passes at once ends the lease of a delivery that is.
async fn until_probed(world: &World, subscriber: &Value) {
    world
        .until("only probes are sent", async || {
            world.clock.advance(SignedDuration::from_secs(5));
            let breaker = &shown(world, subscriber).await["breaker"];
            breaker["state"] == "open" && breaker["failures"].as_i64() > Some(6)
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_goes_on_where_it_was_moved_to() {
    let world = World::with(&[HERE]).await;
    let (hearing, deaf) = (Receiver::start().await, Receiver::start().await);
    deaf.answer(|_| StatusCode::SERVICE_UNAVAILABLE.into_response());
    let prompt = hearing.subscribe(&world, json!({})).await;
    let late = deaf
        .subscribe(&world, json!({"events": ["access.*", "order.paid"]}))
        .await;
    buy(&world.polar, &world.sandbox, "Pro", "u_1").await;
    buy(&world.polar, &world.sandbox, "Handbook", "u_2").await;
    world.settle().await;
    until_settled(&world, &prompt).await;
    let first = checkout(&world).await;
    world.settle().await;
    until_settled(&world, &prompt).await;
    // A token that may not send usage: it waits.
    let limited = world.credentials.limited_access_token.clone();
    let world = world
        .restart_with(&[("POLAR_ACCESS_TOKEN", &limited)])
        .await;
    track(&world).await;
    deaf.until_heard(&world, 1).await;
    let before = answers(&world).await;
    let log = ask(&world, Method::GET, &prompt, "/deliveries").await.ok();
    let told = ids(&hearing.heard());
    let tried = deaf.heard().len();

    // Nothing new happens meanwhile: usage that is sent would have Polar tell of it.
    let world = world.moved(&postgres().await).await;
    let after = answers(&world).await;
    for (question, answer) in &before {
        assert_eq!(answer, &after[question], "{question}");
    }
    assert_eq!(
        ask(&world, Method::GET, &prompt, "/deliveries").await.ok(),
        log
    );
    assert_eq!(checkout(&world).await, first, "the same click");

    // What waited goes on, once; what was done is not done again.
    let token = world.credentials.access_token.clone();
    let world = world.restart_with(&[("POLAR_ACCESS_TOKEN", &token)]).await;
    track(&world).await;
    assert_eq!(counted(&world).await, 6);
    until_probed(&world, &late).await;
    deaf.answer(|_| StatusCode::OK.into_response());
    world.clock.advance(SignedDuration::from_hours(1));
    until_settled(&world, &late).await;
    let taken = deaf.heard().split_off(tried);
    let taken: Vec<_> = taken
        .into_iter()
        .filter(|one| one.status == StatusCode::OK)
        .collect();
    let mut once = ids(&taken);
    once.sort();
    once.dedup();
    assert_eq!(once.len(), taken.len(), "each once");
    let mut whole = ids(&hearing.heard());
    assert!(whole.starts_with(&told));
    let heard = whole.len();
    whole.sort();
    whole.dedup();
    assert_eq!(whole.len(), heard, "nothing again");
    let due = hearing.kinds().into_iter();
    let due = due.filter(|kind| kind.starts_with("access.") || kind == "order.paid");
    assert_eq!(once.len(), due.count(), "none left out");

    // And life goes on.
    buy(&world.polar, &world.sandbox, "Handbook", "u_4").await;
    world.settle().await;
    let product = product(&world.polar, "Handbook").await;
    let question = format!("/api/entitlements/u_4/check?product={product}");
    assert_eq!(world.get(&question).await.ok()["allowed"], true);
    world.stop().await.unwrap();
}
