//! What an entitlement check costs beside a bare axum handler, and what a customer in memory takes:
//! `cargo bench -p polarkit-gateway --bench check`, with `CUSTOMERS=1000000` for a million.
//!
//! Clients, handlers and the gateway share this process and this machine: compare within one run.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::as_conversions,
    clippy::float_arithmetic,
    reason = "a benchmark measures, prints and stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use jiff::Timestamp;
use polarkit_gateway::{Config, Gateway};
use polarkit_model::Clock;
use polarkit_store::{Entitlement, Object, Store, Version};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

const KEY: &str = "pk_bench_0123456789abcdefghij";
const PRODUCT: &str = "b5b1201d-6690-470d-9765-539b764d69e1";
const CONNECTIONS: usize = 32;
const LASTS: Duration = Duration::from_secs(3);
/// Customers written in one transaction.
const BATCH: usize = 1_000;

#[derive(Debug)]
struct System;

impl Clock for System {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

fn main() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let customers = std::env::var("CUSTOMERS").map_or(100_000, |text| text.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(run(customers));
}

async fn run(customers: usize) {
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        ("POLAR_ACCESS_TOKEN", "polar_oat_bench".to_owned()),
        ("POLAR_WEBHOOK_SECRET", "whsec_abcdefghijklmnop".to_owned()),
        ("POLAR_ORGANIZATION_ID", uuid::Uuid::nil().to_string()),
        ("POLAR_SERVER", "http://127.0.0.1:9".to_owned()),
        (
            "DATABASE_URL",
            format!("sqlite:{}", folder.path().join("bench.db").display()),
        ),
        ("POLARKIT_API_KEYS", KEY.to_owned()),
        ("POLARKIT_RECONCILE", "false".to_owned()),
        ("POLARKIT_WATCHDOG", "off".to_owned()),
        ("POLARKIT_CUSTOMERS_HELD", (customers * 2).to_string()),
    ];
    let settings: BTreeMap<String, String> = settings
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let config = Config::from_variables(&settings).unwrap();
    let gateway = Gateway::open(config, Arc::new(System)).await.unwrap();
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

    for _ in 0..2 {
        load("a bare axum handler", &bare, |_| {
            "GET /hello HTTP/1.1\r\nhost: h\r\n\r\n".to_owned()
        })
        .await;
        load("an entitlement check", &ours, |number| {
            check(number % customers)
        })
        .await;
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

/// Connections that each ask again as soon as they are answered.
async fn load(what: &str, address: &str, request: impl Fn(usize) -> String) {
    let (begun, cpu) = (Instant::now(), cpu_seconds());
    let mut tasks = Vec::new();
    for number in 0..CONNECTIONS {
        // Made before, so that the client's work is the same for both.
        let requests: Vec<String> = (0..64)
            .map(|n| request(number * 7_919 + n * 104_729))
            .collect();
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.set_nodelay(true).unwrap();
        tasks.push(tokio::spawn(async move {
            let mut took = Vec::new();
            while begun.elapsed() < LASTS {
                let asked = Instant::now();
                ask(&mut connection, &requests[took.len() % requests.len()]).await;
                took.push(asked.elapsed());
            }
            took
        }));
    }
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    let (spent, cpu) = (begun.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    all.sort_unstable();
    println!(
        "{what}: {:.0}/s with {CONNECTIONS} connections, p50 {} µs, p99 {} µs, {:.1} µs CPU each, \
         the client's included",
        all.len() as f64 / spent,
        all[all.len() / 2].as_micros(),
        all[all.len() * 99 / 100].as_micros(),
        cpu * 1e6 / all.len() as f64,
    );
}

async fn ask(connection: &mut TcpStream, request: &str) {
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 4_096];
    let mut filled = 0;
    loop {
        filled += connection.read(&mut answer[filled..]).await.unwrap();
        let text = std::str::from_utf8(&answer[..filled]).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        assert!(head.starts_with("HTTP/1.1 200"), "{text}");
        let length = head.split("content-length: ").nth(1).unwrap();
        let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
        if body.len() == length {
            return;
        }
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

/// What this process has used so far.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit(')').next().unwrap();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .map(|field| field.parse::<f64>().unwrap())
        .sum::<f64>()
        / 100.0
}
