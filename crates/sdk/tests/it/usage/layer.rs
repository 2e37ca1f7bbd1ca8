//! Requests count when they succeeded, for whom they were proved to be.

use axum::{Router, body::Body, extract::Path, http::StatusCode, routing::get};
use bytes::Bytes;
use futures_util::stream;
use http::{Request, request::Parts};
use polarkit::{tower::UsageLayer, usage::UsageTracker};
use serde_json::Value;
use tower::ServiceExt as _;

use super::{LONG, wire::Wire};

/// What an authentication layer would find out.
#[derive(Clone)]
struct User(&'static str);

async fn answer(Path(status): Path<u16>) -> StatusCode {
    StatusCode::from_u16(status).unwrap()
}

/// A body that never ends.
async fn endless() -> Body {
    Body::from_stream(stream::repeat_with(|| {
        Ok::<_, std::io::Error>(Bytes::from_static(b"x"))
    }))
}

fn app(layer: UsageLayer) -> Router {
    Router::new()
        .route("/answer/{status}", get(answer))
        .route("/endless", get(endless))
        .layer(layer)
}

/// Asks for these paths as `u_42`, and gives the endpoints that were counted.
async fn counted(make: impl Fn(UsageLayer) -> UsageLayer, paths: &[&str]) -> Vec<String> {
    let wire = Wire::good();
    let usage = UsageTracker::start(wire.polar()).unwrap();
    let by_user = |request: &Parts| request.extensions.get::<User>().map(|user| user.0);
    let app = app(make(UsageLayer::new(&usage, by_user)));
    for path in paths {
        let request = Request::get(*path).header("x-customer-id", "victim");
        let request = request.extension(User("u_42")).body(Body::empty()).unwrap();
        drop(app.clone().oneshot(request).await.unwrap());
    }
    let stranger = Request::get("/answer/200").header("x-customer-id", "victim");
    drop(
        app.oneshot(stranger.body(Body::empty()).unwrap())
            .await
            .unwrap(),
    );
    usage.flush(LONG).await.unwrap();
    let events: Vec<Value> = wire.attempts().into_iter().flat_map(|a| a.events).collect();
    assert!(
        events
            .iter()
            .all(|event| event["external_customer_id"] == "u_42"),
        "{events:?}"
    );
    let endpoint = |event: &Value| event["metadata"]["endpoint"].as_str().unwrap().to_owned();
    events.iter().map(endpoint).collect()
}

const PATHS: [&str; 6] = [
    "/answer/200?secret=1",
    "/answer/302",
    "/answer/404",
    "/answer/500",
    "/nowhere",
    "/endless",
];

#[tokio::test(start_paused = true)]
async fn a_request_counts_once_by_its_path_when_it_succeeded() {
    let counted = counted(|layer| layer, &PATHS).await;
    assert_eq!(counted, ["/answer/200", "/answer/302", "/endless"]);
}

#[tokio::test(start_paused = true)]
async fn what_succeeded_means_can_be_said() {
    let counted = counted(|layer| layer.succeeded(|status| status == 404), &PATHS).await;
    assert_eq!(counted, ["/answer/404", "/nowhere"]);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_can_be_its_route() {
    let counted = counted(UsageLayer::matched_route, &PATHS).await;
    assert_eq!(
        counted,
        ["/answer/{status}", "/answer/{status}", "/endless"]
    );
}
