//! What validating a licence from memory costs beside a bare axum handler, for 1,000 keys:
//! `cargo bench -p polarkit-gateway --bench license`.
//!
//! Clients, handlers and the gateway share this process and this machine: compare within one run.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a benchmark measures, prints and stops at the first surprise"
)]

mod load;

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use jiff::Timestamp;
use polarkit_store::{Object, Store, Version};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use self::load::{KEY, ask, load};

const CONNECTIONS: usize = 32;
const KEYS: usize = 1_000;

fn main() {
    load::on_two_threads(run());
}

async fn run() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = load::gateway(folder.path(), &[]).await;
    let keys: Vec<String> = (0..KEYS).map(|_| format!("ACME-{}", uuid())).collect();
    fill(gateway.store(), &keys).await;

    let stop = CancellationToken::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ours = listener.local_addr().unwrap().to_string();
    let served = tokio::spawn(polarkit_gateway::serve(gateway, listener, stop.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bare = listener.local_addr().unwrap().to_string();
    let app = Router::new().route("/hello", post(async |_body: Bytes| "hello"));
    let other = tokio::spawn(axum::serve(listener, app).into_future());

    // Asked about once, every licence is in memory.
    let mut connection = TcpStream::connect(&ours).await.unwrap();
    for key in &keys {
        ask(&mut connection, &request("/api/license/validate", key)).await;
    }
    println!("{KEYS} licences in memory");

    // Made before, so that the client's work is the same for both.
    let made =
        |path: &str| -> Arc<[String]> { keys.iter().map(|key| request(path, key)).collect() };
    let (hello, validations) = (made("/hello"), made("/api/license/validate"));
    for _ in 0..2 {
        for (what, address, requests) in [
            ("a bare axum handler", &bare, &hello),
            ("a licence validated", &ours, &validations),
        ] {
            let requests = Arc::clone(requests);
            let next = move |number: usize| requests[number % requests.len()].clone();
            load(what, address, CONNECTIONS, next).await;
        }
    }
    stop.cancel();
    served.await.unwrap().unwrap();
    other.abort();
}

fn request(path: &str, key: &str) -> String {
    let body = json!({ "license_key": key }).to_string();
    format!(
        "POST {path} HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {KEY}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn uuid() -> String {
    uuid::Uuid::new_v4().to_string().to_uppercase()
}

/// Keys as reading back finds them, just now.
async fn fill(store: &Store, keys: &[String]) {
    let now = Timestamp::now().as_microsecond();
    let mut tx = store.begin().await.unwrap();
    for key in keys {
        let (id, customer) = (uuid(), uuid());
        let body = json!({
            "id": id, "benefit_id": uuid(), "status": "granted", "display_key": "****-E304DA",
            "limit_activations": 3, "usage": 0, "limit_usage": null, "validations": 12,
            "last_validated_at": "2026-12-01T10:00:00Z", "expires_at": null,
        });
        let object = Object {
            customer: customer.clone(),
            kind: "license_key".to_owned(),
            id: id.clone(),
            version: Version {
                object_at: now,
                envelope_at: now,
            },
            external_id: None,
            essence: None,
            body: body.to_string(),
        };
        tx.mirror(&object).await.unwrap();
        tx.license_read(&id, &customer, &hash(key)).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn hash(key: &str) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(key.as_bytes()) {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}
