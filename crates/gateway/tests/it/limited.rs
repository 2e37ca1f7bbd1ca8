//! Polar asks to slow down, and reading back does.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use jiff::SignedDuration;
use tokio::net::TcpListener;

use crate::heal::read;
use crate::world::{World, spawn};

/// What Polar asks for: more than a call waits by itself.
const PAUSE: Duration = Duration::from_secs(3);

/// Stands before Polar, and sends the third list that is read away.
struct Door {
    polar: String,
    client: reqwest::Client,
    lists: Mutex<Vec<(Instant, StatusCode)>>,
}

async fn pass(State(door): State<Arc<Door>>, request: Request) -> Response {
    let path = request.uri().path_and_query().unwrap().to_string();
    let is_list = path.contains("limit=100");
    if is_list && door.lists.lock().unwrap().len() == 2 {
        let limited = StatusCode::TOO_MANY_REQUESTS;
        door.lists.lock().unwrap().push((Instant::now(), limited));
        return (limited, [("retry-after", PAUSE.as_secs().to_string())]).into_response();
    }
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let call = door
        .client
        .request(parts.method, format!("{}{path}", door.polar));
    let call = call.header("authorization", parts.headers["authorization"].clone());
    let call = call.header("content-type", "application/json");
    let answer = call.body(body).send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    if is_list {
        door.lists.lock().unwrap().push((Instant::now(), status));
    }
    let mut response = (status, answer.bytes().await.unwrap()).into_response();
    *response.headers_mut() = headers;
    response
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_back_pauses_as_long_as_polar_asks() {
    let world = World::with(&[]).await;
    let door = Arc::new(Door {
        polar: format!("http://{}", world.sandbox.address()),
        client: world.client.clone(),
        lists: Mutex::default(),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(pass).with_state(Arc::clone(&door));
    drop(spawn(async move { axum::serve(listener, app).await }));
    let settings = [
        ("POLAR_SERVER", url.as_str()),
        ("POLARKIT_RECONCILE", "true"),
        ("POLARKIT_RECONCILE_PER_MINUTE", "6000"),
    ];
    let world = world.restart_with(&settings).await;
    world
        .until("lists are read again", async || {
            // The client, too, keeps quiet for so long, by the world's clock.
            world.clock.advance(SignedDuration::from_secs(1));
            door.lists.lock().unwrap().len() > 3
        })
        .await;
    let lists = door.lists.lock().unwrap().clone();
    assert_eq!(lists[2].1, StatusCode::TOO_MANY_REQUESTS);
    let paused = lists[3].0.duration_since(lists[2].0);
    assert!(paused >= PAUSE, "{paused:?}");
    read(&world).await;
}
