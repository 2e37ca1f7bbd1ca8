//! How fast what must not be lost becomes durable: `cargo bench -p polarkit-store`, and with
//! `POLARKIT_TEST_POSTGRES_URL` in the environment on PostgreSQL as well.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::as_conversions,
    clippy::float_arithmetic,
    reason = "a benchmark measures, prints and stops at the first surprise"
)]

use std::time::Instant;

use bytes::Bytes;
use polarkit_store::{Mail, Store};

/// Deliveries of one run.
const DELIVERIES: usize = 100_000;
/// Bytes of a delivery, as an `order.paid` has them.
const BODY_BYTES: usize = 4_096;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for callers in [1, 32, 128, 512] {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite:{}", folder.path().join("bench.db").display());
            receive("SQLite", &url, callers).await;
        }
        if let Ok(url) = std::env::var("POLARKIT_TEST_POSTGRES_URL") {
            for callers in [1, 32, 128, 512] {
                receive("PostgreSQL", &url, callers).await;
            }
        }
    });
}

/// Callers that each wait for their delivery to be durable before the next.
async fn receive(engine: &str, url: &str, callers: usize) {
    let store = Store::open_to_serve(url, 0).await.unwrap();
    let body = Bytes::from(vec![b'x'; BODY_BYTES]);
    let each = if callers == 1 {
        3_000
    } else {
        DELIVERIES / callers
    };
    let salt = std::process::id();
    let (begun, cpu) = (Instant::now(), cpu_seconds());
    let mut tasks = Vec::new();
    for caller in 0..callers {
        let (store, body) = (store.clone(), body.clone());
        tasks.push(tokio::spawn(async move {
            for n in 0..each {
                let number = i64::try_from(caller * each + n).unwrap();
                store
                    .receive(mail(salt, number, body.clone()))
                    .await
                    .unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let (took, cpu) = (begun.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let rows = (callers * each) as f64;
    println!(
        "{engine}: {:.0} deliveries/s durable with {callers} callers, {:.0} µs CPU each",
        rows / took,
        cpu * 1e6 / rows
    );
    store.close().await;
}

fn mail(salt: u32, number: i64, body: Bytes) -> Mail {
    // Spread like the random ids they stand for.
    let spread = number.wrapping_mul(0x5851_f42d_4c95_7f2d);
    Mail {
        webhook_id: format!("{spread:016x}-{salt:x}-{number:x}"),
        received_at: number,
        sent_at: number,
        verified_by: "1/whole".to_owned(),
        headers: r#"{"webhook-timestamp":"1800000000","user-agent":"polar.sh webhooks"}"#
            .to_owned(),
        body,
    }
}

/// What this process has used so far.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|field| field.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}
