//! What an entitlement check costs beside a bare axum handler, and what a customer in memory takes:
//! `cargo bench -p polarkit-gateway --bench check`, with `CUSTOMERS=1000000` for a million.
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

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use polarkit_store::{Entitlement, Object, Store, Version};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use self::load::{KEY, ask, load};

const PRODUCT: &str = "b5b1201d-6690-470d-9765-539b764d69e1";
const CONNECTIONS: usize = 32;
/// Customers written in one transaction.
const BATCH: usize = 1_000;

fn main() {
    let customers = std::env::var("CUSTOMERS").map_or(100_000, |text| text.parse().unwrap());
    load::on_two_threads(run(customers));
}

async fn run(customers: usize) {
    let folder = tempfile::tempdir().unwrap();
    let held = (customers * 2).to_string();
    let gateway = load::gateway(folder.path(), &[("POLARKIT_CUSTOMERS_HELD", &held)]).await;
    fill(gateway.store(), customers).await;

    let stop = CancellationToken::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ours = listener.local_addr().unwrap().to_string();
    let served = tokio::spawn(polarkit_gateway::serve(gateway, listener, stop.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bare = listener.local_addr().unwrap().to_string();
    let app = Router::new().route("/hello", get(async || "hello"));
    let other = tokio::spawn(axum::serve(listener, app).into_future());

    // Asked about once, everyone is in memory.
    let before = resident();
    let mut asking = Vec::new();
    for first in 0..8 {
        let ours = ours.clone();
        asking.push(tokio::spawn(async move {
            let mut connection = TcpStream::connect(ours).await.unwrap();
            for number in (first..customers).step_by(8) {
                ask(&mut connection, &check(number)).await;
            }
        }));
    }
    for one in asking {
        one.await.unwrap();
    }
    let each = resident().saturating_sub(before) / customers;
    println!("{customers} customers in memory: {each} bytes each, by the process's size");

    // Made before, so that the client's work is the same for both.
    let hello = vec!["GET /hello HTTP/1.1\r\nhost: h\r\n\r\n".to_owned(); 4_096];
    let checks = (0..4_096).map(|number| check(number * 104_729 % customers));
    let checks: Arc<[String]> = checks.collect();
    let hello: Arc<[String]> = hello.into();
    for _ in 0..2 {
        for (what, address, requests) in [
            ("a bare axum handler", &bare, &hello),
            ("an entitlement check", &ours, &checks),
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

fn check(number: usize) -> String {
    format!(
        "GET /api/entitlements/user_{number}/check?product={PRODUCT} HTTP/1.1\r\nhost: h\r\n\
         authorization: Bearer {KEY}\r\n\r\n"
    )
}

/// Customers with a subscription and two benefits each.
async fn fill(store: &Store, customers: usize) {
    let benefits = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
    for first in (0..customers).step_by(BATCH) {
        let mut tx = store.begin().await.unwrap();
        for number in first..(first + BATCH).min(customers) {
            let id = uuid::Uuid::new_v4().to_string();
            let customer = Object {
                customer: id.clone(),
                kind: "customer".to_owned(),
                id: id.clone(),
                version: Version {
                    object_at: 1,
                    envelope_at: 1,
                },
                external_id: Some(format!("user_{number}")),
                essence: None,
                body: "{}".to_owned(),
            };
            tx.mirror(&customer).await.unwrap();
            let period = r#"{"current_period_end":"2027-02-01T00:00:00Z"}"#;
            let product = row("subscription", "product", PRODUCT, period);
            tx.put_entitlements(&[(&id, &product)]).await.unwrap();
            for benefit in benefits {
                let flag = r#"{"benefit_type":"feature_flag","metadata":{"exports":true}}"#;
                let granted = row("grant", "benefit", &benefit.to_string(), flag);
                tx.put_entitlements(&[(&id, &granted)]).await.unwrap();
            }
        }
        tx.commit().await.unwrap();
    }
}

fn row(noun: &str, kind: &str, target: &str, detail: &str) -> Entitlement {
    Entitlement {
        source: format!("{noun}:{}", uuid::Uuid::new_v4()),
        kind: kind.to_owned(),
        target: target.to_owned(),
        granted: true,
        reason: "active".to_owned(),
        detail: detail.to_owned(),
        changed_at: 1_800_000_000_000_000,
        expires_at: None,
        events: "[]".to_owned(),
    }
}

/// What of this process is in memory, bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    let kib: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024
}
