//! What it costs to take a webhook of 4 KB for good, beside a bare axum handler that only checks its
//! signature: `cargo bench -p polarkit-gateway --bench intake`.
//!
//! Clients, which sign, the handler and the gateway share this process and this machine: compare within
//! one run.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark measures, prints and stops at the first surprise"
)]

mod load;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use polarkit::Secret;
use polarkit::webhooks::{Headers, Scheme, Verifier, sign};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::load::{SECRET, load};

const BODY_BYTES: usize = 4_096;
/// More than there are.
const CUSTOMERS_HELD: &str = "1000";

fn main() {
    load::on_two_threads(run());
}

async fn run() {
    let folder = tempfile::tempdir().unwrap();
    let held = [("POLARKIT_CUSTOMERS_HELD", CUSTOMERS_HELD)];
    let gateway = load::gateway(folder.path(), &held).await;
    let stop = CancellationToken::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ours = listener.local_addr().unwrap().to_string();
    let served = tokio::spawn(polarkit_gateway::serve(gateway, listener, stop.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bare = listener.local_addr().unwrap().to_string();
    let other = tokio::spawn(axum::serve(listener, bare_handler()).into_future());
    for _ in 0..2 {
        for connections in [32, 128] {
            load("a signature checked", &bare, connections, |_| delivery()).await;
            load("a webhook taken", &ours, connections, |_| delivery()).await;
        }
    }
    stop.cancel();
    served.await.unwrap().unwrap();
    other.abort();
}

fn bare_handler() -> Router {
    let verifier = Verifier::new([SecretString::from(SECRET)]).unwrap();
    let verifier = Arc::new(verifier);
    let check = async move |headers: HeaderMap, body: Bytes| {
        let headers = Headers::from_pairs(&headers).unwrap();
        verifier.verify(&headers, &body, Timestamp::now()).unwrap();
        "{\"status\":\"processed\"}"
    };
    Router::new().route("/webhook/polar", post(check))
}

/// A request of its own id, signed now.
fn delivery() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let id = format!("msg_{:032x}", NEXT.fetch_add(1, Ordering::Relaxed));
    let now = Timestamp::now();
    let body = format!(
        "{{\"type\":\"bench.padded\",\"data\":{{}}{:1$}}}",
        "",
        BODY_BYTES - 34
    );
    let signature = sign(
        &Secret::from(SECRET),
        Scheme::WholeSecret,
        &id,
        now,
        body.as_bytes(),
    )
    .unwrap();
    let seconds = now.as_second();
    format!(
        "POST /webhook/polar HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\n\
         webhook-id: {id}\r\nwebhook-timestamp: {seconds}\r\nwebhook-signature: {signature}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}
