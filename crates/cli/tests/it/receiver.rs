//! Somebody who is told: takes everything, and now and then keeps the gateway waiting for the answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use http::HeaderMap;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use crate::patience::pause;

/// Every so manieth webhook is held so long: the process dies while it is being told.
const HELD_EACH: usize = 5;
const HELD: Duration = Duration::from_millis(150);

/// How often each id came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<BTreeMap<String, usize>>>);

impl Heard {
    /// Starts listening; the address to be told at.
    pub(crate) async fn listen() -> (Self, String) {
        let heard = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let app = Router::new().fallback(hear).with_state(heard.clone());
        // Lives as long as the test's runtime.
        drop(TaskTracker::new().spawn(async move { axum::serve(listener, app).await }));
        (heard, url)
    }

    pub(crate) fn ids(&self) -> BTreeMap<String, usize> {
        self.0.lock().unwrap().clone()
    }
}

async fn hear(State(heard): State<Heard>, headers: HeaderMap) {
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    let held = {
        let mut ids = heard.0.lock().unwrap();
        *ids.entry(id).or_default() += 1;
        ids.len() % HELD_EACH == 0
    };
    if held {
        pause(HELD).await;
    }
}
