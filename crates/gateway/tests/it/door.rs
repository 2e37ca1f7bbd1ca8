//! A door before Polar that a test opens and shuts, and that counts who asks about licences.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use reqwest::Client;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::world::{client, spawn};

/// Tests move the gateway's clock alone: a date, the true one or Polar's, would set it back.
const NO_DATE: (&str, &str) = ("date", "unknown");

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stands {
    /// Everything passes.
    Open,
    /// Nothing is answered.
    Silent,
    /// Everything fails.
    Failing,
    /// Polar asks to slow down.
    Limited,
    /// Polar knows no licence yet.
    Unaware,
    /// The server has no route for a token to validate licences by.
    Partial,
}

pub(crate) struct Door {
    pub(crate) url: String,
    polar: String,
    client: Client,
    stands: watch::Sender<Stands>,
    asked: Mutex<Vec<String>>,
}

impl Door {
    pub(crate) async fn before(polar: String) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = Arc::new(Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            polar,
            client: client(),
            stands: watch::Sender::new(Stands::Open),
            asked: Mutex::default(),
        });
        let app = Router::new().fallback(pass).with_state(Arc::clone(&door));
        // Lives as long as the test's runtime.
        drop(spawn(async move { axum::serve(listener, app).await }));
        door
    }

    pub(crate) fn stand(&self, stands: Stands) {
        self.stands.send_replace(stands);
    }

    /// Paths of licence calls so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// How many ended like this.
    pub(crate) fn count(&self, end: &str) -> usize {
        self.asked()
            .iter()
            .filter(|path| path.ends_with(end))
            .count()
    }
}

async fn pass(State(door): State<Arc<Door>>, request: Request) -> Response {
    let path = request.uri().path_and_query().unwrap().to_string();
    let about_licences = path.contains("license-keys");
    if about_licences {
        door.asked.lock().unwrap().push(path.clone());
    }
    let mut stands = door.stands.subscribe();
    let now = *stands.borrow_and_update();
    match now {
        Stands::Silent => {
            stands.wait_for(|now| *now != Stands::Silent).await.unwrap();
            (StatusCode::BAD_GATEWAY, [NO_DATE]).into_response()
        }
        Stands::Failing => (StatusCode::INTERNAL_SERVER_ERROR, [NO_DATE]).into_response(),
        Stands::Limited => {
            let headers = [NO_DATE, ("retry-after", "60")];
            (StatusCode::TOO_MANY_REQUESTS, headers).into_response()
        }
        Stands::Unaware if path.ends_with("/validate") => {
            let refusal = r#"{"error":"ResourceNotFound","detail":"Not found"}"#;
            let json = [NO_DATE, ("content-type", "application/json")];
            (StatusCode::NOT_FOUND, json, refusal).into_response()
        }
        Stands::Partial if path == "/v1/license-keys/validate" => {
            (StatusCode::NOT_FOUND, [NO_DATE]).into_response()
        }
        Stands::Open | Stands::Unaware | Stands::Partial => door.carry(&path, request).await,
    }
}

impl Door {
    async fn carry(&self, path: &str, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let body: Bytes = to_bytes(body, 1 << 20).await.unwrap();
        let mut headers = parts.headers;
        headers.remove("host");
        let call = self
            .client
            .request(parts.method, format!("{}{path}", self.polar));
        let answer = call.headers(headers).body(body).send().await.unwrap();
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        headers.remove("transfer-encoding");
        let mut response = (status, answer.bytes().await.unwrap()).into_response();
        headers.remove("content-length");
        response.headers_mut().extend(headers);
        let (name, none) = NO_DATE;
        let none = http::HeaderValue::from_static(none);
        response.headers_mut().insert(name, none);
        response
    }
}
