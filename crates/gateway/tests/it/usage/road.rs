//! The road to Polar: what usage travels on it, and what stands in its way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::world::{World, spawn};

/// What happens to usage on the road.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Open,
    /// Nothing comes back.
    Silent,
    /// Polar answers this, and has nothing.
    Status(u16),
    /// Too many requests: come back in so many seconds.
    Limited(u32),
    /// Polar has it, and its answer gets lost.
    Lost,
    /// Polar refuses without saying which event is wrong.
    Vague,
}

#[derive(Clone)]
pub(crate) struct Road(Arc<Parts>);

struct Parts {
    url: String,
    polar: String,
    client: reqwest::Client,
    way: Mutex<Way>,
    sent: Mutex<Vec<Value>>,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
}

impl Road {
    /// A road from a world's gateway to its Polar; the gateway takes it from now on.
    pub(crate) async fn of(world: World, further: &[(&str, &str)]) -> (World, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let road = Self(Arc::new(Parts {
            url: format!("http://{}", listener.local_addr().unwrap()),
            polar: format!("http://{}", world.sandbox.address()),
            client: world.client(),
            way: Mutex::new(Way::Open),
            sent: Mutex::default(),
            under_way: AtomicUsize::new(0),
            most_under_way: AtomicUsize::new(0),
        }));
        let app = Router::new().fallback(pass).with_state(road.clone());
        spawn(axum::serve(listener, app).into_future());
        let settings = [&[("POLAR_SERVER", road.0.url.as_str())], further].concat();
        (world.restart_with(&settings).await, road)
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    pub(crate) fn is(&self, way: Way) {
        *self.0.way.lock().unwrap() = way;
    }

    /// Every batch that was sent, as it was sent.
    pub(crate) fn sent(&self) -> Vec<Value> {
        self.0.sent.lock().unwrap().clone()
    }

    /// Most requests that were under way at once.
    pub(crate) fn most_under_way(&self) -> usize {
        self.0.most_under_way.load(Ordering::SeqCst)
    }
}

async fn pass(State(road): State<Road>, request: Request) -> Response {
    let path = request.uri().path_and_query().unwrap().to_string();
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 16 << 20).await.unwrap();
    let mut call = road
        .0
        .client
        .request(parts.method.clone(), format!("{}{path}", road.0.polar));
    for name in ["authorization", "content-type"] {
        if let Some(value) = parts.headers.get(name) {
            call = call.header(name, value.clone());
        }
    }
    let call = call.body(body.clone());
    if path != "/v1/events/ingest" {
        return answer(call).await.0;
    }
    let road = road.0;
    road.sent
        .lock()
        .unwrap()
        .push(serde_json::from_slice(&body).unwrap());
    let under_way = road.under_way.fetch_add(1, Ordering::SeqCst) + 1;
    road.most_under_way.fetch_max(under_way, Ordering::SeqCst);
    let way = *road.way.lock().unwrap();
    let response = match way {
        Way::Open => answer(call).await.0,
        Way::Silent => std::future::pending().await,
        Way::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Way::Limited(seconds) => {
            let wait = [("retry-after", seconds.to_string())];
            (StatusCode::TOO_MANY_REQUESTS, wait).into_response()
        }
        Way::Lost => {
            answer(call).await;
            StatusCode::BAD_GATEWAY.into_response()
        }
        Way::Vague => {
            let (response, status) = answer(call).await;
            if status == StatusCode::UNPROCESSABLE_ENTITY {
                let body = json!({"error": "PolarRequestValidationError", "detail": []});
                (status, axum::Json(body)).into_response()
            } else {
                response
            }
        }
    };
    road.under_way.fetch_sub(1, Ordering::SeqCst);
    in_polars_time(&road, response).await
}

/// Whoever stands in the way knows what time it is for Polar.
async fn in_polars_time(road: &Parts, mut response: Response) -> Response {
    let nowhere = road.client.get(format!("{}/nowhere", road.polar));
    let date = nowhere.send().await.unwrap().headers()["date"].clone();
    response.headers_mut().insert("date", date);
    response
}

async fn answer(call: reqwest::RequestBuilder) -> (Response, StatusCode) {
    let answer = call.send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = (status, answer.bytes().await.unwrap()).into_response();
    *response.headers_mut() = headers;
    (response, status)
}
