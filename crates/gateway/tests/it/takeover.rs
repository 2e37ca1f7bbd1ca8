//! Reading back and watching are one node's work: whose, when that one dies; and how Polar's "too
//! much" is heeded.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, StatusCode, Uri};
use reqwest::Client;
use tokio::net::TcpListener;

use crate::polar::{agrees, buy, deliver, list, truth};
use crate::world::{World, postgres, spawn};

const HEALING: (&str, &str) = ("POLARKIT_RECONCILE", "true");
const WATCHING: (&str, &str) = ("POLARKIT_WATCHDOG", "heal");

/// What a node tells of reading back.
async fn figures(world: &World, node: &str) -> String {
    let metrics = world.get_at(node, "/metrics").await.ok();
    metrics.as_str().unwrap().to_owned()
}

async fn until_backfilled(world: &World, node: &str) {
    world
        .until("every list is read", async || {
            let status = world.get_at(node, "/api/reconcile").await;
            status.body["backfilled"] == true
        })
        .await;
}

/// The node that reads for all is killed, and what was bought then was told to nobody.
#[tokio::test(flavor = "multi_thread")]
async fn the_work_of_a_killed_node_is_done_by_another() {
    let server = postgres().await;
    let world = World::with(&[("DATABASE_URL", &server)]).await;
    let first = world.mortal(&[HEALING, WATCHING]);
    until_backfilled(&world, &first.url).await;
    let second = world.another_with(&[HEALING, WATCHING]).await;
    buy(&world.polar, &world.sandbox, "Pro", "u_1").await;
    agrees(&world).await;
    let requests = "polarkit_reconcile_requests_total";
    assert!(figures(&world, &first.url).await.contains(requests));
    assert!(
        !figures(&world, &second.url).await.contains(requests),
        "only one reads"
    );
    first.kill();
    deliver(&world.polar, false).await;
    buy(&world.polar, &world.sandbox, "Handbook", "u_2").await;
    assert!(!truth(&world.polar).await["u_2"].is_empty());
    agrees(&world).await;
    assert!(figures(&world, &second.url).await.contains(requests));
    world
        .until("the endpoint is switched on again", async || {
            world.clock.advance(jiff::SignedDuration::from_secs(10));
            let endpoints = list(&world.polar, "/v1/webhooks/endpoints").await;
            endpoints.iter().all(|endpoint| endpoint["enabled"] == true)
        })
        .await;
    second.stop().await;
}

/// Polar between two fires: it passes everything on, and says "too much" once.
#[derive(Clone)]
struct Busy {
    polar: String,
    client: Client,
    /// Lists that were asked for: when, and whether it was too much.
    asked: Arc<Mutex<Vec<(Instant, bool)>>>,
}

/// The how manieth list is too much, and how long it says to wait.
const TOO_MUCH: usize = 4;
const WAIT: Duration = Duration::from_secs(3);

async fn pass(
    State(busy): State<Busy>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if uri.query().is_some_and(|query| query.contains("page=")) {
        let mut asked = busy.asked.lock().unwrap();
        let too_much = asked.len() + 1 == TOO_MUCH;
        asked.push((Instant::now(), too_much));
        if too_much {
            let wait = [("retry-after", WAIT.as_secs().to_string())];
            return (StatusCode::TOO_MANY_REQUESTS, wait).into_response();
        }
    }
    let mut call = busy.client.request(method, format!("{}{uri}", busy.polar));
    for name in ["authorization", "content-type", "polar-version"] {
        if let Some(value) = headers.get(name) {
            call = call.header(name, value);
        }
    }
    let answer = call.body(body).send().await.unwrap();
    let (status, date) = (answer.status(), answer.headers()["date"].clone());
    let json = [
        ("content-type", "application/json".parse().unwrap()),
        ("date", date),
    ];
    (status, json, answer.bytes().await.unwrap()).into_response()
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_back_pauses_as_long_as_polar_says() {
    let server = postgres().await;
    let world = World::with(&[("DATABASE_URL", &server)]).await;
    buy(&world.polar, &world.sandbox, "Pro", "u_1").await;
    let busy = Busy {
        polar: format!("http://{}", world.sandbox.address()),
        client: world.client.clone(),
        asked: Arc::default(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(pass).with_state(busy.clone());
    drop(spawn(async move { axum::serve(listener, app).await }));
    let node = world.another_with(&[HEALING, ("POLAR_SERVER", &url)]).await;
    until_backfilled(&world, &node.url).await;
    let asked = busy.asked.lock().unwrap().clone();
    let at = asked.iter().position(|(_, too_much)| *too_much).unwrap();
    let (refused, next) = (asked[at].0, asked[at + 1].0);
    let paused = next.duration_since(refused);
    assert!(paused >= WAIT, "{paused:?}");
    node.stop().await;
}
