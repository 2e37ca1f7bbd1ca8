//! What it costs to take usage for good and to have it delivered, one event at a time and in batches:
//! `cargo bench -p polarkit-gateway --bench usage`.
//!
//! Clients, the gateway and who stands in for Polar share this process and this machine. What arrives is
//! counted at the receiving side, by id: the run ends when everything that was acknowledged is there.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::as_conversions,
    clippy::float_arithmetic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark measures, prints and stops at the first surprise"
)]

mod load;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use bytes::Bytes;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::load::{KEY, load};

/// Where events arrive.
#[derive(Clone, Default)]
struct Arrived(Arc<Mutex<HashSet<u128>>>);

#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(borrow)]
    events: Vec<Event<'a>>,
}

#[derive(Deserialize)]
struct Event<'a> {
    external_id: &'a str,
}

fn main() {
    load::on_two_threads(run());
}

async fn run() {
    let arrived = Arrived::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let polar = format!("http://{}", listener.local_addr().unwrap());
    let other = tokio::spawn(axum::serve(listener, polar_of(arrived.clone())).into_future());
    let folder = tempfile::tempdir().unwrap();
    let gateway = load::gateway(folder.path(), &[("POLAR_SERVER", &polar)]).await;
    let stop = CancellationToken::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ours = listener.local_addr().unwrap().to_string();
    let served = tokio::spawn(polarkit_gateway::serve(gateway, listener, stop.clone()));
    let mut sent = 0;
    for (events, connections) in [(1, 32), (1, 64), (100, 8), (1_000, 4), (1_000, 8)] {
        let begun = Instant::now();
        let what = format!("{events} events taken");
        let asked = load(&what, &ours, connections, move |_| request(events)).await;
        let took = begun.elapsed().as_secs_f64();
        let taken = asked * events;
        sent += taken;
        arrived.all(sent).await;
        println!(
            "  {:.0} events/s durable; all {taken} delivered after {:.1} s, {:.0}/s",
            taken as f64 / took,
            begun.elapsed().as_secs_f64(),
            taken as f64 / begun.elapsed().as_secs_f64(),
        );
    }
    stop.cancel();
    served.await.unwrap().unwrap();
    other.abort();
}

impl Arrived {
    async fn all(&self, sent: usize) {
        while self.0.lock().unwrap().len() < sent {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(self.0.lock().unwrap().len(), sent, "each once");
    }
}

/// Takes batches as Polar does, and remembers every id.
fn polar_of(arrived: Arrived) -> Router {
    let ingest = async move |body: Bytes| {
        let batch: Batch<'_> = serde_json::from_slice(&body).unwrap();
        let mut known = arrived.0.lock().unwrap();
        let ids = batch.events.iter().map(|event| event.external_id);
        let ids = ids.map(|id| uuid::Uuid::parse_str(id).unwrap().as_u128());
        let inserted = ids.filter(|id| known.insert(*id)).count();
        let duplicates = batch.events.len() - inserted;
        format!("{{\"inserted\":{inserted},\"duplicates\":{duplicates}}}")
    };
    Router::new()
        .route("/v1/events/ingest", post(ingest))
        .layer(DefaultBodyLimit::max(10 << 20))
}

/// A request with so many events of one of a thousand customers.
fn request(events: usize) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let customer = NEXT.fetch_add(1, Ordering::Relaxed) % 1_000;
    let event = format!(
        "{{\"external_customer_id\":\"customer_{customer}\",\"name\":\"api_call\",\"metadata\":\
         {{\"endpoint\":\"/v1/answer\",\"tokens\":42}}}}"
    );
    let body = if events == 1 {
        event
    } else {
        format!("{{\"events\":[{}]}}", vec![event; events].join(","))
    };
    format!(
        "POST /api/usage/track HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {KEY}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}
