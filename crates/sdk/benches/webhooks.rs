//! What it costs to take a delivery: a paid order of four kilobytes, verified and parsed, against
//! the bare hash over the same bytes.
//!
//! `cargo bench -p polarkit --no-default-features --bench webhooks`; `benches/against-python` sets
//! it beside Polar's own Python package.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use polarkit::{
    Secret, Timestamp,
    webhooks::{Headers, Scheme, Verifier, parse, sign},
};
use sha2::Sha256;

const SECRET: &str = "whsec_abcdefghijklmnopqrstuvwxyzABCDEFGHIJK4WQsSZ";
const ORDER: &[u8] = include_bytes!("order_paid.json");
const SAMPLES: usize = 51;
const SAMPLE: Duration = Duration::from_millis(20);

fn main() {
    let body = Bytes::from_static(ORDER.trim_ascii_end());
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap_or_default();
    let timestamp = now.as_second().to_string();
    let signature = sign(
        &Secret::from(SECRET),
        Scheme::WholeSecret,
        "msg_1",
        now,
        &body,
    );
    let signature = signature.unwrap_or_default();
    let headers = Headers {
        id: "msg_1",
        timestamp: &timestamp,
        signature: &signature,
    };
    let Ok(verifier) = Verifier::new([SECRET]) else {
        return;
    };
    let received = verifier.receive(&headers, body.clone(), now);
    assert!(
        received.is_ok_and(|webhook| webhook.delivery.is_ok()),
        "what is measured must succeed"
    );

    let hash = median(|| bare_hash(&headers, &body));
    print("hmac-sha256", hash, hash, body.len());
    let verify = median(|| verifier.verify(&headers, &body, now).is_ok());
    print("verify", verify, hash, body.len());
    let parsed = median(|| parse(body.clone()).is_ok());
    print("parse", parsed, hash, body.len());
    let both = median(|| verifier.receive(&headers, body.clone(), now).is_ok());
    print("verify+parse", both, hash, body.len());
}

/// The key made anew and one pass: what nobody can do without.
fn bare_hash(headers: &Headers<'_>, body: &[u8]) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).ok()?;
    for part in [
        headers.id.as_bytes(),
        b".",
        headers.timestamp.as_bytes(),
        b".",
        body,
    ] {
        mac.update(part);
    }
    Some(mac.finalize().into_bytes().into())
}

/// The median time of one call over many samples, in nanoseconds.
fn median<T>(mut work: impl FnMut() -> T) -> u128 {
    let mut samples: Vec<u128> = (0..SAMPLES)
        .map(|_| {
            let (began, mut calls) = (Instant::now(), 0_u128);
            while began.elapsed() < SAMPLE {
                for _ in 0..16 {
                    black_box(work());
                }
                calls += 16;
            }
            began.elapsed().as_nanos() / calls
        })
        .collect();
    samples.sort_unstable();
    samples.get(SAMPLES / 2).copied().unwrap_or_default()
}

/// One JSON line each, so that a script can set it beside others.
#[expect(clippy::print_stdout, reason = "a benchmark's result is its output")]
fn print(name: &str, nanoseconds: u128, hash: u128, bytes: usize) {
    let percent = nanoseconds * 100 / hash.max(1);
    println!(
        r#"{{"name":"{name}","ns":{nanoseconds},"percent_of_hmac":{percent},"bytes":{bytes}}}"#
    );
}
