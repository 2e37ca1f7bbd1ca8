//! A gateway to measure, clients on kept-open connections, and what they cost.
#![expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    clippy::float_arithmetic,
    reason = "figures"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use polarkit_gateway::{Config, Gateway};
use polarkit_model::Clock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The binary's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Whom the gateway believes to be a server.
pub(super) const KEY: &str = "pk_bench_0123456789abcdefghij";
/// What its webhooks are signed with.
pub(super) const SECRET: &str = "whsec_abcdefghijklmnop";
const LASTS: Duration = Duration::from_secs(3);

#[derive(Debug)]
struct System;

impl Clock for System {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Runs a benchmark on as many threads as the figures are of.
pub(super) fn on_two_threads(work: impl Future<Output = ()>) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(work);
}

/// A gateway on a database of its own, for whom there is no Polar unless settings say so.
pub(super) async fn gateway(folder: &Path, further: &[(&str, &str)]) -> Gateway {
    let database = format!("sqlite:{}", folder.join("bench.db").display());
    let settings = [
        ("POLAR_ACCESS_TOKEN", "polar_oat_bench"),
        ("POLAR_WEBHOOK_SECRET", SECRET),
        (
            "POLAR_ORGANIZATION_ID",
            "00000000-0000-0000-0000-000000000000",
        ),
        ("POLAR_SERVER", "http://127.0.0.1:9"),
        ("DATABASE_URL", &database),
        ("POLARKIT_API_KEYS", KEY),
        ("POLARKIT_RECONCILE", "false"),
        ("POLARKIT_WATCHDOG", "off"),
    ];
    let all = settings.iter().chain(further);
    let settings: BTreeMap<String, String> = all
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let config = Config::from_variables(&settings).unwrap();
    Gateway::open(config, Arc::new(System)).await.unwrap()
}

/// Connections that each ask again as soon as they are answered; says how often they asked.
pub(super) async fn load(
    what: &str,
    address: &str,
    connections: usize,
    request: impl Fn(usize) -> String + Clone + Send + 'static,
) -> usize {
    let (begun, cpu) = (Instant::now(), cpu_seconds());
    let mut tasks = Vec::new();
    for number in 0..connections {
        let request = request.clone();
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.set_nodelay(true).unwrap();
        tasks.push(tokio::spawn(async move {
            let mut took = Vec::new();
            while begun.elapsed() < LASTS {
                let asked = Instant::now();
                let request = request(number * 7_919 + took.len());
                ask(&mut connection, &request).await;
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
        "{what}: {:.0}/s with {connections} connections, p50 {} µs, p99 {} µs, {:.1} µs CPU each, \
         the client's included",
        all.len() as f64 / spent,
        all[all.len() / 2].as_micros(),
        all[all.len() * 99 / 100].as_micros(),
        cpu * 1e6 / all.len() as f64,
    );
    all.len()
}

/// One request, and its answer to the end.
pub(super) async fn ask(connection: &mut TcpStream, request: &str) {
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::with_capacity(4_096);
    loop {
        connection.read_buf(&mut answer).await.unwrap();
        let text = std::str::from_utf8(&answer).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        assert!(head.starts_with("HTTP/1.1 20"), "{text}");
        let length = head.split("content-length: ").nth(1).unwrap();
        let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
        if body.len() == length {
            return;
        }
    }
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
