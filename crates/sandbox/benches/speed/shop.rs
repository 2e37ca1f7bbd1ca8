//! A seller and a buyer who do not lose time: over a socket kept open, or straight through the router.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use jiff::Timestamp;
use polarkit_model::Clock;
use polarkit_sandbox::{Credentials, Options, Sandbox};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;

/// A sandbox in this process, with a clock that stands still until it is moved.
pub(crate) struct Shop {
    pub(crate) sandbox: Sandbox,
    pub(crate) credentials: Credentials,
    stop: DropGuard,
}

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::constant(1_800_000_000, 0)
    }
}

impl Shop {
    pub(crate) async fn open(data: Option<&std::path::Path>) -> Self {
        let stop = CancellationToken::new();
        let options = Options {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            seed: 1,
            clock: Arc::new(Still),
            public_url: None,
            data: data.map(std::path::Path::to_owned),
        };
        let sandbox = Sandbox::start(options, stop.clone()).await.unwrap();
        Self {
            credentials: sandbox.credentials().unwrap(),
            sandbox,
            stop: stop.drop_guard(),
        }
    }

    pub(crate) async fn close(self) {
        drop(self.stop);
        self.sandbox.join().await;
    }

    pub(crate) fn inside(&self) -> Line {
        Line::Inside(self.sandbox.router(), self.credentials.access_token.clone())
    }

    pub(crate) async fn dial(&self) -> Line {
        let stream = TcpStream::connect(self.sandbox.address()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Line::Socket(
            BufReader::new(stream),
            self.credentials.access_token.clone(),
        )
    }

    /// The id of the seeded product of that name.
    pub(crate) async fn product(&self, name: &str) -> String {
        let list = self.inside().get("/v1/products/?limit=100").await;
        let rows = list["items"].as_array().unwrap();
        let row = rows.iter().find(|row| row["name"] == name).unwrap();
        row["id"].as_str().unwrap().to_owned()
    }
}

/// One caller.
pub(crate) enum Line {
    Inside(Router, String),
    Socket(BufReader<TcpStream>, String),
}

impl Line {
    pub(crate) async fn get(&mut self, path: &str) -> Value {
        self.call("GET", path, None).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Value {
        self.call("POST", path, Some(body)).await
    }

    /// Opens a checkout for a buyer of their own and pays it.
    pub(crate) async fn buy(&mut self, product: &str, buyer: usize) {
        let email = format!("buyer{buyer}@example.com");
        let body = json!({"products": [product], "customer_email": email});
        let checkout = self.post("/v1/checkouts/", &body).await;
        let secret = checkout["client_secret"].as_str().unwrap();
        let path = format!("/v1/checkouts/client/{secret}/confirm");
        let buyer = json!({
            "customer_name": "Ada",
            "customer_billing_address": {"country": "AT"},
            "confirmation_token_id": "pm_card_visa",
        });
        self.post(&path, &buyer).await;
    }

    async fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let bytes = self.fetch(method, path, body).await;
        serde_json::from_slice(&bytes).unwrap()
    }

    /// The answer as it comes: reading it is the caller's affair.
    pub(crate) async fn fetch(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Vec<u8> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let (status, bytes) = match self {
            Self::Inside(router, token) => inside(router, token, method, path, body).await,
            Self::Socket(stream, token) => socket(stream, token, method, path, &body).await,
        };
        let text = || String::from_utf8_lossy(&bytes);
        assert!((200..300).contains(&status), "{path}: {status} {}", text());
        bytes
    }
}

async fn inside(
    router: &Router,
    token: &str,
    method: &str,
    path: &str,
    body: String,
) -> (u16, Vec<u8>) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .header("content-length", body.len())
        .body(Body::from(body))
        .unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, bytes.to_vec())
}

async fn socket(
    stream: &mut BufReader<TcpStream>,
    token: &str,
    method: &str,
    path: &str,
    body: &str,
) -> (u16, Vec<u8>) {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line).await.unwrap();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    (status, body)
}
