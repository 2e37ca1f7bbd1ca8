//! Fan-out over several nodes, and of what was found by reading.

use std::collections::{BTreeMap, BTreeSet};

use axum::response::IntoResponse as _;
use http::StatusCode;
use jiff::SignedDuration;
use polarkit_model::Clock as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::event::{deliver, event, order};
use crate::heal::read;
use crate::polar;
use crate::receiver::{HERE, Heard, Receiver, until_settled};
use crate::world::{KEY, World, postgres};

const HEALING: (&str, &str) = ("POLARKIT_RECONCILE", "true");

/// The nth event of one of five customers.
fn nth(n: i64) -> Value {
    let customer = format!("c{}", n % 5);
    let mut data = order("pending", false, n);
    data["id"] = json!(format!("o{n}"));
    data["customer_id"] = json!(customer);
    data["customer"]["id"] = json!(customer);
    data["customer"]["external_id"] = json!(format!("ext-{customer}"));
    data["step"] = json!(n);
    event("order.created", n, data)
}

/// Two nodes, a receiver that fails every third time, one node that leaves in between.
#[tokio::test(flavor = "multi_thread")]
async fn several_nodes_tell_everything_in_order_and_nothing_twice() {
    let server = postgres().await;
    let world = World::with(&[HERE, ("DATABASE_URL", &server)]).await;
    let receiver = Receiver::start().await;
    let made = receiver.subscribe(&world, json!({})).await;
    let node = world.another().await;
    let calls = std::sync::atomic::AtomicU32::new(0);
    receiver.answer(move |_| {
        let call = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let fails = call % 3 == 2;
        let down = fails.then_some(StatusCode::SERVICE_UNAVAILABLE);
        down.unwrap_or(StatusCode::OK).into_response()
    });
    for n in 0..40 {
        deliver(&world, &[nth(n)]).await;
        world.clock.advance(SignedDuration::from_millis(500));
    }
    node.stop().await;
    for n in 40..50 {
        deliver(&world, &[nth(n)]).await;
    }
    world
        .until("everything was told", async || {
            // Slowly: a lease must not end while its holder is at it.
            world.clock.advance(SignedDuration::from_millis(300));
            receiver.took().len() >= 50
        })
        .await;
    until_settled(&world, &made).await;
    let took = receiver.took();
    let ids: BTreeSet<&str> = took.iter().map(Heard::id).collect();
    assert_eq!(
        (took.len(), ids.len()),
        (50, 50),
        "no node died, so none comes twice"
    );
    let mut steps: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for heard in &took {
        let data = &heard.json()["data"];
        let customer = data["customer_id"].as_str().unwrap().to_owned();
        steps
            .entry(customer)
            .or_default()
            .push(data["step"].as_i64().unwrap());
    }
    for (customer, steps) in steps {
        assert!(steps.is_sorted(), "{customer}: {steps:?}");
    }
}

/// What one node projects, the readers of another see.
#[tokio::test(flavor = "multi_thread")]
async fn the_stream_of_one_node_tells_what_another_projected() {
    let server = postgres().await;
    let world = World::with(&[("DATABASE_URL", &server)]).await;
    let node = world.another().await;
    let call = world
        .client
        .request(Method::GET, format!("{}/api/events/stream", node.url));
    let mut response = call.bearer_auth(KEY).send().await.unwrap();
    let mut text = String::new();
    for n in 0..3 {
        deliver(&world, &[nth(n)]).await;
    }
    while text.matches("event: order.created").count() < 3 {
        let chunk = response.chunk().await.unwrap().expect("the stream goes on");
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    node.stop().await;
}

/// Its webhooks were lost; reading back finds the payment.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_found_by_reading_is_told() {
    let world = World::with(&[HERE, HEALING]).await;
    polar::buy(&world.polar, &world.sandbox, "Pro", "u_0").await;
    polar::agrees(&world).await;
    read(&world).await;
    let receiver = Receiver::start().await;
    let wish = json!({"events": ["order.paid", "access.granted"], "customers": ["u_1"]});
    receiver.subscribe(&world, wish).await;
    polar::deliver(&world.polar, false).await;
    polar::buy(&world.polar, &world.sandbox, "Handbook", "u_1").await;
    polar::agrees(&world).await;
    let told = async || receiver.kinds().iter().any(|kind| kind == "order.paid");
    world
        .until("it was told", async || {
            world.clock.advance(SignedDuration::from_mins(1));
            told().await
        })
        .await;
    let all = receiver.took();
    let paid = all.iter().find(|one| one.kind() == "order.paid").unwrap();
    assert_eq!(paid.json()["customer"]["external_id"], "u_1");
    assert_eq!(paid.json()["events"], json!([]), "no webhook led there");
}

/// It was paid before the gateway's first reading: what is heard of it later is no payment.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_of_before_is_not_told_as_new() {
    let world = World::with(&[HERE]).await;
    polar::deliver(&world.polar, false).await;
    polar::buy(&world.polar, &world.sandbox, "Handbook", "u_1").await;
    let world = world.restart_with(&[HEALING]).await;
    polar::agrees(&world).await;
    let receiver = Receiver::start().await;
    let made = receiver
        .subscribe(&world, json!({"events": ["order.*"]}))
        .await;
    let mut paid = polar::list(&world.polar, "/v1/orders/").await.remove(0);
    assert_eq!(paid["paid"], true);
    let now = world.clock.now();
    paid["modified_at"] = json!(now);
    let told = json!({"type": "order.updated", "timestamp": now, "data": paid});
    deliver(&world, &[told]).await;
    until_settled(&world, &made).await;
    assert_eq!(receiver.kinds(), ["order.updated"]);
}
