//! How fast the sandbox is: `cargo bench -p polarkit-sandbox [-- checkouts|orders|year]`.
//! Client and server share the machine's cores, so the figures are what a laptop gets.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::as_conversions,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    reason = "a benchmark measures, prints and stops at the first surprise"
)]

mod shop;

use std::time::{Duration, Instant};

use axum::Router;
use jiff::SignedDuration;
use serde_json::json;
use tokio::net::TcpListener;

use self::shop::{Line, Shop};

/// The binary's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Callers at the same time.
const CALLERS: usize = 8;
const PURCHASES: usize = 20_000;
const ORDERS: usize = 100_000;
const SUBSCRIPTIONS: usize = 1_000;
/// A list is asked for so often; the median counts.
const ROUNDS: usize = 21;

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        if wants("checkouts") {
            checkouts().await;
        }
        if wants("orders") {
            orders().await;
        }
        if wants("year") {
            year(false).await;
            year(true).await;
        }
    });
}

/// Checkouts created and confirmed, each by a new buyer.
async fn checkouts() {
    for (name, over_http, on_disk) in [
        ("in process, one caller", None, false),
        ("in process", Some(false), false),
        ("over HTTP", Some(true), false),
        ("over HTTP, kept on disk", Some(true), true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let shop = Shop::open(on_disk.then_some(folder.path())).await;
        let callers = if over_http.is_none() { 1 } else { CALLERS };
        let mut lines = Vec::new();
        for _ in 0..callers {
            lines.push(match over_http {
                Some(true) => shop.dial().await,
                _ => shop.inside(),
            });
        }
        let took = sell(&shop, lines, PURCHASES).await;
        let rate = PURCHASES as f64 / took.as_secs_f64();
        println!("checkouts created and confirmed, {name}: {rate:.0}/s");
        shop.close().await;
    }
}

async fn sell(shop: &Shop, lines: Vec<Line>, purchases: usize) -> Duration {
    let product = shop.product("Handbook").await;
    let each = purchases / lines.len();
    let begun = Instant::now();
    let mut callers = Vec::new();
    for (caller, mut line) in lines.into_iter().enumerate() {
        let product = product.clone();
        callers.push(tokio::spawn(async move {
            for n in 0..each {
                line.buy(&product, caller * each + n).await;
            }
        }));
    }
    for caller in callers {
        caller.await.unwrap();
    }
    shop.sandbox.settle().await.unwrap();
    begun.elapsed()
}

/// Lists among many orders, and what an order weighs.
async fn orders() {
    let shop = Shop::open(None).await;
    let before = resident_bytes();
    let lines = (0..CALLERS).map(|_| shop.inside()).collect();
    let took = sell(&shop, lines, ORDERS).await;
    let kib = (resident_bytes() - before) as f64 / ORDERS as f64 / 1024.0;
    println!(
        "{ORDERS} orders: {:.1} s, {kib:.1} KiB each with customer, checkout, payment and events",
        took.as_secs_f64()
    );
    let mut line = shop.inside();
    let order = line.get("/v1/orders/?limit=1").await["items"][0].clone();
    let customer = order["customer_id"].as_str().unwrap().to_owned();
    let product = order["product_id"].as_str().unwrap().to_owned();
    for path in [
        "/v1/orders/?limit=100".to_owned(),
        "/v1/orders/?limit=100&page=500".to_owned(),
        "/v1/orders/?limit=100&sorting=-amount".to_owned(),
        format!("/v1/orders/?limit=100&product_id={product}"),
        format!("/v1/orders/?limit=100&product_id={product}&status=paid"),
        format!("/v1/orders/?limit=100&customer_id={customer}"),
        "/v1/orders/?limit=100&metadata[color]=red".to_owned(),
        "/v1/customers/?limit=100".to_owned(),
        "/v1/customers/?limit=100&sorting=email".to_owned(),
        "/v1/customers/?email=buyer99999@example.com".to_owned(),
        "/v1/checkouts/?limit=100".to_owned(),
        "/v1/payments/?limit=100".to_owned(),
        "/v1/events/?limit=100".to_owned(),
        format!("/v1/customers/{customer}/state"),
    ] {
        let mut took = Vec::new();
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            line.fetch("GET", &path, None).await;
            took.push(begun.elapsed());
        }
        took.sort_unstable();
        let ms = took[ROUNDS / 2].as_secs_f64() * 1000.0;
        let path = path.replace(&product, "…").replace(&customer, "…");
        println!("GET {path} among {ORDERS}: {ms:.2} ms");
    }
    shop.close().await;
}

/// A year of monthly subscriptions, told to nobody or to an endpoint.
async fn year(with_endpoint: bool) {
    let shop = Shop::open(None).await;
    if with_endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let app = Router::new().fallback(async || "thank you");
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let events = json!([
            "order.created",
            "order.paid",
            "order.updated",
            "subscription.created",
            "subscription.active",
            "subscription.updated",
            "subscription.cycled",
            "customer.state_changed",
            "benefit_grant.cycled",
        ]);
        let body = json!({"url": url, "format": "raw", "events": events});
        shop.inside().post("/v1/webhooks/endpoints", &body).await;
    }
    let product = shop.product("Pro").await;
    let begun = Instant::now();
    let mut line = shop.inside();
    for buyer in 0..SUBSCRIPTIONS {
        line.buy(&product, buyer).await;
    }
    shop.sandbox.settle().await.unwrap();
    let sold = begun.elapsed();
    let begun = Instant::now();
    let year = SignedDuration::from_hours(366 * 24);
    shop.sandbox.advance(year).await.unwrap();
    let took = begun.elapsed();
    let list = line.get("/v1/orders/?limit=1").await;
    println!(
        "{SUBSCRIPTIONS} monthly subscriptions, {}: begun in {:.1} s, a year in {:.1} s, {} orders",
        if with_endpoint {
            "one endpoint"
        } else {
            "no endpoint"
        },
        sold.as_secs_f64(),
        took.as_secs_f64(),
        list["pagination"]["total_count"],
    );
    shop.close().await;
}

fn resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0) * 4096
}
