//! An endpoint for webhooks that remembers what came and answers as told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// Listens until it is dropped.
pub(crate) struct Receiver {
    pub(crate) url: String,
    state: Arc<Mutex<Inbox>>,
    server: AbortHandle,
}

#[derive(Default)]
struct Inbox {
    arrived: Vec<Arrived>,
    /// Status of the next answers; then `forever`.
    plan: VecDeque<u16>,
    forever: Option<u16>,
}

/// One delivery.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Arrived {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Receiver {
    #[expect(
        clippy::disallowed_methods,
        reason = "it is aborted when this is dropped"
    )]
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let state = Arc::<Mutex<Inbox>>::default();
        let app = Router::new().fallback(take).with_state(Arc::clone(&state));
        let server = tokio::task::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            url,
            state,
            server: server.abort_handle(),
        }
    }

    /// Answers the next deliveries with these, in order.
    pub(crate) fn answer(&self, statuses: &[u16]) {
        self.state.lock().unwrap().plan.extend(statuses);
    }

    /// Answers everything else with this.
    pub(crate) fn answer_always(&self, status: u16) {
        self.state.lock().unwrap().forever = Some(status);
    }

    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.state.lock().unwrap().arrived.clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(State(state): State<Arc<Mutex<Inbox>>>, headers: HeaderMap, body: Bytes) -> Response {
    let mut inbox = state.lock().unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    inbox.arrived.push(Arrived { headers, body });
    let status = inbox.plan.pop_front().or(inbox.forever).unwrap_or(200);
    let status = StatusCode::from_u16(status).unwrap();
    if status.is_redirection() {
        return (status, [("location", "/elsewhere")]).into_response();
    }
    (status, "thank you").into_response()
}
