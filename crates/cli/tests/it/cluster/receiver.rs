//! A subscriber: notes what it took, in order, and now and then cannot take it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

/// One webhook that was taken.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) customer: String,
    body: Bytes,
}

#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    took: Arc<Mutex<Vec<Heard>>>,
    calls: Arc<AtomicU32>,
    /// Of so many calls one fails; none of 0.
    fails: u32,
}

impl Receiver {
    pub(crate) async fn start(fails: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            url: format!("http://{}/", listener.local_addr().unwrap()),
            took: Arc::default(),
            calls: Arc::default(),
            fails,
        };
        let app = Router::new().fallback(hear).with_state(receiver.clone());
        // Lives as long as the test's runtime.
        drop(TaskTracker::new().spawn(async move { axum::serve(listener, app).await }));
        receiver
    }

    /// Everything once, in the order in which it first came; and how often something came again.
    pub(crate) fn once(&self) -> (Vec<Heard>, usize) {
        let took = self.took.lock().unwrap().clone();
        let (mut seen, mut bodies) = (BTreeSet::new(), BTreeMap::new());
        let all = took.len();
        let first = took.into_iter().filter(|one| {
            let body = bodies.entry(one.id.clone()).or_insert(one.body.clone());
            assert_eq!(*body, one.body, "{} came with another body", one.id);
            seen.insert(one.id.clone())
        });
        let first: Vec<Heard> = first.collect();
        let again = all - first.len();
        (first, again)
    }
}

async fn hear(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let call = receiver.calls.fetch_add(1, Ordering::Relaxed) + 1;
    if receiver.fails > 0 && call % receiver.fails == 0 {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let told: Value = serde_json::from_slice(&body).unwrap();
    let data = &told["data"];
    let named = [&data["customer_id"], &data["customer"]["id"]];
    let customer = named.into_iter().find_map(Value::as_str);
    receiver.took.lock().unwrap().push(Heard {
        id: headers["webhook-id"].to_str().unwrap().to_owned(),
        kind: told["type"].as_str().unwrap().to_owned(),
        customer: customer.unwrap_or_default().to_owned(),
        body,
    });
    StatusCode::OK
}
