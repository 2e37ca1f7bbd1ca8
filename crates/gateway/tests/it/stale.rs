//! What is answered while nobody can say what is true: open, closed, or for so many hours; and that
//! Polar is asked once before anybody is denied something.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::heal::read;
use crate::polar::{buy, deliver};
use crate::shop::product;
use crate::world::{World, spawn};

const HEALING: (&str, &str) = ("POLARKIT_RECONCILE", "true");
/// Nobody listens there.
const AWAY: (&str, &str) = ("POLAR_SERVER", "http://127.0.0.1:9");

/// A gateway that knows what `u_1` bought, and for how long nothing was heard since.
async fn bought() -> (World, String) {
    let world = World::with(&[HEALING]).await;
    buy(&world.polar, &world.sandbox, "Pro", "u_1").await;
    world.settle().await;
    read(&world).await;
    let product = product(&world.polar, "Pro").await;
    (
        world,
        format!("/api/entitlements/u_1/check?product={product}"),
    )
}

async fn answer(world: &World, question: &str) -> (bool, String, bool) {
    let answer = world.get(question).await.ok();
    assert!(answer["age_seconds"].as_i64().is_some(), "{answer}");
    (
        answer["allowed"].as_bool().unwrap(),
        answer["reason"].as_str().unwrap().to_owned(),
        answer["stale"].as_bool().unwrap(),
    )
}

async fn in_use(world: &World) -> usize {
    let list = world.get("/api/entitlements/u_1").await.ok();
    list["products"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_treated_as_configuration_says() {
    let (mut world, question) = bought().await;
    let yes = (true, "active".to_owned(), false);
    let stale = (false, "stale".to_owned(), true);
    // Each policy, how long Polar is away, and what is answered then.
    let outages = [
        ("open", 1, &yes),
        ("closed", 0, &yes),
        ("closed", 20, &stale),
        ("3", 30, &yes),
        ("3", 240, &stale),
        ("open", 60 * 24 * 365, &yes),
    ];
    for (policy, minutes, expected) in outages {
        world = world.reset(&[AWAY, ("POLARKIT_STALE", policy)]).await;
        world.clock.advance(SignedDuration::from_mins(minutes));
        let case = format!("{policy} after {minutes} minutes");
        assert_eq!(&answer(&world, &question).await, expected, "{case}");
        assert_eq!(in_use(&world).await, usize::from(expected.0), "{case}");
    }
    world.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_strict_asks_polar_before_it_denies() {
    let (world, question) = bought().await;
    let rarely = ("POLARKIT_RECONCILE_MINUTES", "100000");
    let world = world.reset(&[rarely, ("POLARKIT_STALE", "closed")]).await;
    world.clock.advance(SignedDuration::from_mins(30));
    let fresh = (true, "active".to_owned(), false);
    assert_eq!(answer(&world, &question).await, fresh);
    world.stop().await.unwrap();
}

/// Passes everything on to the sandbox; holds up and counts what asks for a customer's state.
struct Door {
    sandbox: String,
    client: reqwest::Client,
    asked: AtomicUsize,
    open: Semaphore,
}

async fn pass(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().unwrap().as_str();
    if path.ends_with("/state") {
        door.asked.fetch_add(1, Ordering::SeqCst);
        drop(door.open.acquire().await.unwrap());
    }
    let url = format!("{}{path}", door.sandbox);
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let call = door.client.request(parts.method, url).body(body);
    let call = match parts.headers.get("authorization") {
        Some(token) => call.header("authorization", token),
        None => call,
    };
    let answer = call.send().await.unwrap();
    let date = answer.headers()["date"].clone();
    let response = Response::builder()
        .status(answer.status())
        .header("date", date);
    let response = response.header("content-type", "application/json");
    response
        .body(Body::from(answer.bytes().await.unwrap()))
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_ask_at_once_polar_is_asked_once() {
    let rarely = ("POLARKIT_RECONCILE_MINUTES", "100000");
    let world = World::with(&[HEALING, rarely]).await;
    read(&world).await;
    deliver(&world.polar, false).await;
    buy(&world.polar, &world.sandbox, "Pro", "u_1").await;
    let product = product(&world.polar, "Pro").await;
    let door = Arc::new(Door {
        sandbox: format!("http://{}", world.sandbox.address()),
        client: world.client(),
        asked: AtomicUsize::new(0),
        open: Semaphore::new(0),
    });
    let app = Router::new().fallback(pass).with_state(Arc::clone(&door));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let served = spawn(axum::serve(listener, app).into_future());
    let world = world.reset(&[("POLAR_SERVER", &address)]).await;
    world.clock.advance(SignedDuration::from_mins(20));

    let question = format!("/api/entitlements/u_1/check?product={product}");
    let ask = async |_: i32| -> Value { world.get(&question).await.ok() };
    let all = join_all((0..64).map(ask));
    let open = async {
        world
            .until("Polar is asked", async || {
                door.asked.load(Ordering::SeqCst) > 0
            })
            .await;
        door.open.add_permits(1_000);
    };
    let (answers, ()) = tokio::join!(all, open);
    assert!(answers.iter().all(|answer| answer["allowed"] == true));
    world
        .get("/api/entitlements/u_1/check?product=other")
        .await
        .ok();
    assert_eq!(door.asked.load(Ordering::SeqCst), 1);
    world.stop().await.unwrap();
    served.abort();
}
