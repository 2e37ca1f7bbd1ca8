//! A server that answers as told and remembers what it was asked.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, Response, Uri},
};
use polarkit::{Polar, Retry, Server};

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What is answered: status, headers, body.
pub(crate) type Answer = (u16, Vec<(&'static str, String)>, String);

#[derive(Clone, Default)]
pub(crate) struct Stand {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Stand {
    /// Answers in this order, then 404.
    #[expect(
        clippy::disallowed_methods,
        reason = "the server ends with the test's runtime"
    )]
    pub(crate) async fn answering(answers: impl IntoIterator<Item = Answer>) -> (Self, Polar) {
        let stand = Self {
            answers: Arc::new(Mutex::new(answers.into_iter().collect())),
            ..Self::default()
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server::At(format!("http://{}", listener.local_addr().unwrap()));
        let app = Router::new().fallback(answer).with_state(stand.clone());
        tokio::task::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let mut retry = Retry::default();
        retry.wait = Duration::from_millis(1);
        let polar = Polar::builder()
            .server(server)
            .token("polar_oat_x")
            .retry(retry);
        (stand, polar.build().unwrap())
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(
    State(stand): State<Stand>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    stand.asked.lock().unwrap().push(Asked {
        method,
        uri,
        headers,
        body,
    });
    let next = stand.answers.lock().unwrap().pop_front();
    let (status, headers, body) = next.unwrap_or_else(|| json(404, r#"{"detail":"Not Found"}"#));
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(body.into()).unwrap()
}

pub(crate) fn json(status: u16, body: &str) -> Answer {
    (
        status,
        vec![("content-type", "application/json".to_owned())],
        body.to_owned(),
    )
}

/// A checkout with only what can't be guessed at.
pub(crate) fn checkout() -> String {
    r#"{"id":"11111111-1111-4111-8111-111111111111","created_at":"2026-01-01T00:00:00Z",
        "expires_at":"2026-01-01T01:00:00Z","payment_processor":"stripe","status":"open",
        "client_secret":"polar_c_x","amount":1000,"discount_amount":0,"net_amount":1000,
        "total_amount":1000,"currency":"usd",
        "organization_id":"22222222-2222-4222-8222-222222222222",
        "billing_address_fields":{"country":"required","state":"optional","city":"optional",
            "postal_code":"optional","line1":"optional","line2":"disabled"}}"#
        .to_owned()
}
