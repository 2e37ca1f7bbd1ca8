//! Somebody who is told: a real server on this machine that answers as the story wants.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use polarkit::webhooks::{Headers, Scheme, Verifier};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::answer::Answer;
use crate::world::{World, spawn};

/// Where receivers of these stories are.
pub(crate) const HERE: (&str, &str) = ("POLARKIT_SUBSCRIBER_NETWORKS", "127.0.0.0/8");

/// One webhook as it came.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What it was answered.
    pub(crate) status: StatusCode,
}

impl Heard {
    pub(crate) fn id(&self) -> &str {
        self.headers["webhook-id"].to_str().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// Whether it was signed with this secret, as Standard Webhooks has it, at this time.
    pub(crate) fn is_signed(&self, secret: &str, now: Timestamp) -> bool {
        let verifier = Verifier::new([secret]).unwrap();
        let headers = Headers::from_pairs(&self.headers).unwrap();
        let verified = verifier.verify(&headers, &self.body, now);
        verified.is_ok_and(|verified| verified.scheme == Scheme::Decoded)
    }
}

type Rule = Arc<dyn Fn(&Heard) -> Response + Send + Sync>;

pub(crate) struct Receiver {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

struct Shared {
    heard: Mutex<Vec<Heard>>,
    rule: Mutex<Rule>,
}

impl Receiver {
    /// One that takes everything.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            heard: Mutex::default(),
            rule: Mutex::new(Arc::new(|_| StatusCode::OK.into_response())),
        });
        let app = Router::new().fallback(hear).with_state(Arc::clone(&shared));
        // Lives as long as the test's runtime.
        drop(spawn(async move { axum::serve(listener, app).await }));
        Self { url, shared }
    }

    /// From now on it answers like this.
    pub(crate) fn answer(&self, rule: impl Fn(&Heard) -> Response + Send + Sync + 'static) {
        *self.shared.rule.lock().unwrap() = Arc::new(rule);
    }

    /// From now on it answers everything with this status.
    pub(crate) fn answer_all(&self, status: u16) {
        let status = StatusCode::from_u16(status).unwrap();
        self.answer(move |_| status.into_response());
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.shared.heard.lock().unwrap().clone()
    }

    /// What it took, in order.
    pub(crate) fn took(&self) -> Vec<Heard> {
        let mut heard = self.heard();
        heard.retain(|one| one.status.is_success());
        heard
    }

    pub(crate) fn kinds(&self) -> Vec<String> {
        self.took().iter().map(Heard::kind).collect()
    }

    /// Waits until it heard so many.
    pub(crate) async fn until_heard(&self, world: &World, count: usize) {
        let what = format!("{count} were heard");
        world
            .until(&what, async || self.heard().len() >= count)
            .await;
    }

    /// Subscribes it; further fields may be given.
    pub(crate) async fn subscribe(&self, world: &World, further: Value) -> Value {
        let mut body = json!({"url": self.url});
        let fields = further.as_object().cloned().unwrap_or_default();
        body.as_object_mut().unwrap().extend(fields);
        let made = world.post("/api/subscribers", body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        made.body
    }
}

async fn hear(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let rule = Arc::clone(&shared.rule.lock().unwrap());
    let mut heard = Heard {
        headers,
        body,
        status: StatusCode::OK,
    };
    let response = rule(&heard);
    heard.status = response.status();
    shared.heard.lock().unwrap().push(heard);
    response
}

/// A call of the shop's server about one subscriber.
pub(crate) async fn ask(world: &World, method: Method, subscriber: &Value, rest: &str) -> Answer {
    let id = subscriber["id"].as_str().unwrap();
    let path = format!("/api/subscribers/{id}{rest}");
    let call = world.request(method, &path).bearer_auth(crate::world::KEY);
    Answer::of(call.send().await.unwrap()).await
}

pub(crate) async fn shown(world: &World, subscriber: &Value) -> Value {
    ask(world, Method::GET, subscriber, "").await.ok()
}

/// Waits until nothing waits for it any more.
pub(crate) async fn until_settled(world: &World, subscriber: &Value) {
    world
        .until("everything was told", async || {
            shown(world, subscriber).await["pending"] == 0
        })
        .await;
}
