//! Reservations: set aside, counted, given back, over.

use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::polar::post;
use crate::shop::buy;
use crate::usage::{delivered, events};
use crate::world::{KEY, World, token};

/// A world in which `u_1` has 1,000 units of "API calls".
async fn begin() -> World {
    let world = World::begin().await;
    buy(&world, "Metered", "u_1").await;
    // To a clock that stands still, what follows is as old as the credit.
    world.clock.advance(SignedDuration::from_secs(1));
    world
}

fn wish(units: impl Into<Value>) -> Value {
    json!({"external_customer_id": "u_1", "meter": "API calls", "units": units.into()})
}

async fn reserve(world: &World, wish: Value) -> Answer {
    world.post("/api/usage/reserve", wish).await
}

async fn reserved(world: &World, wish: Value) -> String {
    let answer = reserve(world, wish).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.ok()["reservation_id"].as_str().unwrap().to_owned()
}

async fn end(world: &World, how: &str, id: &str) -> Answer {
    let path = format!("/api/usage/{how}");
    world.post(&path, json!({"reservation_id": id})).await
}

/// What is left, and what is reserved.
async fn numbers(world: &World) -> (f64, f64) {
    let balance = world.get("/api/usage/balance/u_1").await.ok()["meters"][0].clone();
    let read = |name: &str| balance[name].as_f64().unwrap();
    (read("balance"), read("reserved_units"))
}

#[tokio::test(flavor = "multi_thread")]
async fn units_are_set_aside_until_they_are_counted_or_given_back() {
    let world = begin().await;
    let held = reserve(&world, wish("300.00")).await;
    assert_eq!(held.status, 201, "{held:?}");
    let held = held.ok();
    for (field, units) in [
        ("units", 300.0),
        ("balance", 700.0),
        ("polar_balance", 1_000.0),
        ("pending_units", 0.0),
        ("reserved_units", 300.0),
    ] {
        assert_eq!(held[field].as_f64(), Some(units), "{field} of {held}");
    }
    assert!(
        held["as_of"].is_string() && held["age_seconds"].is_number(),
        "{held}"
    );
    assert_eq!(numbers(&world).await, (700.0, 300.0));
    let check = world
        .get("/api/entitlements/u_1/check?meter=API%20calls")
        .await
        .ok();
    assert_eq!(check["value"].as_f64(), Some(700.0), "{check}");
    let refused = reserve(&world, wish(700.5)).await;
    refused.refused(402, "insufficient_balance");
    assert_eq!(refused.body["balance"].as_f64(), Some(700.0), "{refused:?}");

    let first = held["reservation_id"].as_str().unwrap();
    let ask = json!({"reservation_id": first, "units": 120.5, "metadata": {"model": "m"}});
    for _ in 0..2 {
        let spent = world.post("/api/usage/commit", ask.clone()).await.ok();
        assert_eq!(spent["state"], "committed");
        assert_eq!(spent["spent_units"].as_f64(), Some(120.5));
        assert_eq!(spent["returned_units"].as_f64(), Some(179.5));
    }
    assert_eq!(numbers(&world).await, (879.5, 0.0));
    let otherwise = json!({"reservation_id": first, "units": 1});
    let answer = world.post("/api/usage/commit", otherwise).await;
    answer.refused(409, "reservation_over");
    end(&world, "release", first)
        .await
        .refused(409, "reservation_over");

    let second = reserved(&world, wish(879.5)).await;
    for _ in 0..2 {
        assert_eq!(
            end(&world, "release", &second).await.ok()["state"],
            "released"
        );
    }
    end(&world, "commit", &second)
        .await
        .refused(409, "reservation_over");
    assert_eq!(numbers(&world).await, (879.5, 0.0));
    counted_and_told(&world).await;
}

/// One event of 120.5 units, and as many of everything as there were.
async fn counted_and_told(world: &World) {
    delivered(world).await;
    let told = events(world).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["name"], "api_call");
    assert_eq!(told[0]["metadata"], json!({"model": "m", "units": 120.5}));
    let text = world
        .get("/metrics")
        .await
        .ok()
        .as_str()
        .unwrap()
        .to_owned();
    for line in [
        "polarkit_reservations_total{outcome=\"held\"} 2",
        "polarkit_reservations_total{outcome=\"committed\"} 1",
        "polarkit_reservations_total{outcome=\"released\"} 1",
        "polarkit_reservations_total{outcome=\"refused\"} 1",
        "polarkit_reservations_held 0",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_reserves_once() {
    let world = begin().await;
    let mut ask = wish(600);
    ask["id"] = json!("order-7 ü");
    let first = reserve(&world, ask.clone()).await;
    assert_eq!(first.status, 201);
    let again = reserve(&world, ask.clone()).await;
    assert_eq!(again.status, 200, "{again:?}");
    assert_eq!(again.body["reservation_id"], "order-7 ü");
    assert_eq!(again.body["expires_at"], first.body["expires_at"]);
    assert_eq!(again.body["balance"].as_f64(), Some(400.0));
    let mut other = ask.clone();
    other["units"] = json!(5);
    reserve(&world, other)
        .await
        .refused(422, "idempotency_key_reused");
    end(&world, "release", "order-7 ü").await.ok();
    reserve(&world, ask).await.refused(409, "reservation_over");
    // An event the application tracked under the same id is not taken for the use.
    let mut tracked = wish(1);
    tracked["id"] = json!("both");
    let id = reserved(&world, tracked).await;
    let use_ = json!({"external_customer_id": "u_1", "name": "other", "id": "both"});
    world.post("/api/usage/track", use_).await.ok();
    end(&world, "commit", &id).await.refused(409, "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ended_ends_by_itself() {
    let world = begin().await;
    let lasting = |units: i64, seconds: i64| {
        let mut wish = wish(units);
        wish["expires_in_seconds"] = json!(seconds);
        wish
    };
    let short = reserved(&world, lasting(600, 60)).await;
    let long = reserved(&world, lasting(400, 3_600)).await;
    reserve(&world, wish(1))
        .await
        .refused(402, "insufficient_balance");
    world.clock.advance(SignedDuration::from_secs(59));
    reserve(&world, wish(1))
        .await
        .refused(402, "insufficient_balance");
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(numbers(&world).await, (600.0, 400.0));
    reserved(&world, wish(450)).await;
    // What is left covers a part of it, and as much may be counted late.
    let late = end(&world, "commit", &short).await;
    late.refused(402, "insufficient_balance");
    assert_eq!(late.body["balance"].as_f64(), Some(150.0), "{late:?}");
    assert_eq!(
        end(&world, "release", &short).await.ok()["state"],
        "expired"
    );
    let part = json!({"reservation_id": short, "units": 150});
    assert_eq!(
        world.post("/api/usage/commit", part).await.ok()["state"],
        "committed"
    );
    assert_eq!(
        end(&world, "commit", &long).await.ok()["spent_units"].as_f64(),
        Some(400.0)
    );
    assert_eq!(numbers(&world).await, (0.0, 450.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_between_reserving_and_counting_loses_and_doubles_nothing() {
    let world = begin().await;
    let kept = reserved(&world, wish(400)).await;
    let counted = reserved(&world, wish(350)).await;
    end(&world, "commit", &counted).await.ok();
    let world = world.restart().await;
    reserve(&world, wish(251))
        .await
        .refused(402, "insufficient_balance");
    for id in [&kept, &counted] {
        assert_eq!(end(&world, "commit", id).await.ok()["state"], "committed");
    }
    delivered(&world).await;
    let told = events(&world).await;
    let mut units: Vec<_> = told
        .iter()
        .map(|one| one["metadata"]["units"].as_f64())
        .collect();
    units.sort_by(|one, other| one.partial_cmp(other).unwrap());
    assert_eq!(units, [Some(350.0), Some(400.0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_polar_is_away_the_last_figure_is_spent_by() {
    let world = begin().await;
    let kept = reserved(&world, wish(100)).await;
    let world = world
        .restart_with(&[("POLAR_SERVER", "http://127.0.0.1:9")])
        .await;
    let held = reserve(&world, wish(850)).await.ok();
    assert_eq!(held["balance"].as_f64(), Some(50.0), "{held}");
    reserve(&world, wish(51))
        .await
        .refused(402, "insufficient_balance");
    assert_eq!(
        end(&world, "commit", &kept).await.ok()["state"],
        "committed"
    );
    let mut unknown = wish(1);
    unknown["external_customer_id"] = json!("u_2");
    reserve(&world, unknown)
        .await
        .refused(503, "upstream_unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_by_field() {
    let world = begin().await;
    let with = |field: &str, value: Value| {
        let mut ask = wish(1);
        ask[field] = value;
        ask
    };
    for (ask, field) in [
        (with("units", json!(0)), "units"),
        (with("units", json!(-5)), "units"),
        (with("units", json!("NaN")), "units"),
        (with("units", json!(1e300)), "units"),
        (with("units", Value::Null), "units"),
        (with("meter", json!("")), "meter"),
        (
            with("external_customer_id", json!(" ")),
            "external_customer_id",
        ),
        (with("id", json!("x".repeat(201))), "id"),
        (with("expires_in_seconds", json!(0)), "expires_in_seconds"),
        (
            with("expires_in_seconds", json!(86_401)),
            "expires_in_seconds",
        ),
    ] {
        let answer = reserve(&world, ask).await;
        assert!(
            answer.refused(400, "invalid_request").contains(field),
            "{answer:?}"
        );
    }
    reserve(&world, with("meter", json!("Nope")))
        .await
        .refused(404, "not_found");
    let id = reserved(&world, wish(10)).await;
    for (field, value, named) in [
        ("units", json!(11), "units"),
        ("units", json!(0), "units"),
        ("name", json!("other"), "name"),
        ("metadata", json!("x"), "metadata"),
    ] {
        let mut ask = json!({"reservation_id": id});
        ask[field] = value;
        let answer = world.post("/api/usage/commit", ask).await;
        assert!(
            answer.refused(400, "invalid_request").contains(named),
            "{answer:?}"
        );
    }
    assert_eq!(
        end(&world, "commit", &id).await.ok()["state"],
        "committed",
        "still held"
    );
    for how in ["commit", "release"] {
        end(&world, how, "nobody").await.refused(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_may_not_spend_and_neither_may_a_key_that_only_reads() {
    let world = begin().await;
    let user = token(&json!({"sub": "u_1", "exp": 1_800_003_600}));
    for path in ["reserve", "commit", "release"] {
        let url = format!("{}/api/usage/{path}", world.url);
        let ask = || {
            let mut ask = wish(1);
            ask["reservation_id"] = json!("r");
            world.client().post(&url).json(&ask)
        };
        let answer = ask()
            .bearer_auth(user.expose_secret())
            .send()
            .await
            .unwrap();
        Answer::of(answer).await.refused(403, "forbidden");
        let answer = ask().send().await.unwrap();
        Answer::of(answer).await.refused(401, "unauthenticated");
        let answer = ask().bearer_auth(KEY).send().await.unwrap();
        assert_ne!(answer.status(), 403);
    }
}

/// A meter, and a first event of the customer's that makes it theirs.
async fn metered(world: &World, name: &str, aggregation: Value) {
    let clause = json!({"property": "kind", "operator": "eq", "value": name});
    let meter = json!({
        "name": name, "aggregation": aggregation,
        "filter": {"conjunction": "and", "clauses": [clause]},
    });
    post(&world.polar, "/v1/meters/", &meter).await;
    let first = json!({
        "external_customer_id": "u_1", "name": "x", "metadata": {"kind": name, "credit": -5, "size": 1},
    });
    world.post("/api/usage/track", first).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_adds_up_is_reserved() {
    let world = begin().await;
    metered(
        &world,
        "Largest",
        json!({"func": "max", "property": "size"}),
    )
    .await;
    metered(
        &world,
        "Credit",
        json!({"func": "sum", "property": "credit"}),
    )
    .await;
    metered(&world, "Calls", json!({"func": "count"})).await;
    delivered(&world).await;
    world.settle().await;
    let of = |meter: &str, units: f64| {
        let mut wish = wish(units);
        wish["meter"] = json!(meter);
        wish
    };
    let answer = reserve(&world, of("Largest", 1.0)).await;
    assert!(
        answer.refused(400, "invalid_request").contains("max"),
        "{answer:?}"
    );
    let answer = reserve(&world, of("Calls", 0.5)).await;
    assert!(
        answer.refused(400, "invalid_request").contains("units"),
        "{answer:?}"
    );
    let answer = reserve(&world, of("Calls", 1.0)).await;
    answer.refused(402, "insufficient_balance");
    // What the event has to say comes from the meter's filter.
    let id = reserved(&world, of("Credit", 4.0)).await;
    end(&world, "commit", &id).await.ok();
    delivered(&world).await;
    let told = events(&world).await;
    let last = told.iter().find(|one| one["name"] == "Credit").unwrap();
    assert_eq!(last["metadata"], json!({"credit": 4, "kind": "Credit"}));
}
