//! `polarkit seats`: a server in a network without Polar, begun from files, killed and begun again.

use polarkit::license::{Mark, Verifier};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::{Answer, Api};
use crate::lease::{license, signing_key};
use crate::process::{Running, ended, folder, polarkit};
use crate::stage::{Stage, api, now};

const FILES: [&str; 6] = [
    "--pool",
    "pool.jwt",
    "--keys",
    "keys.json",
    "--key",
    "seats.key",
];

/// What is carried into that network: a pool of so many seats, the gateway's keys, the server's own.
async fn carried(seats: u32) -> TempDir {
    let mut stage = Stage::on_sqlite().await;
    let gateways = signing_key(&stage).await;
    stage.set("POLARKIT_LEASE_KEYS", gateways["key"].as_str().unwrap());
    let own = signing_key(&stage).await;
    let gateway = stage.gateway().await;
    let (_id, key) = license(&stage).await;
    let asked = json!({"license_key": key, "server": own["public"], "seats": seats});
    let pool = api(&gateway).post("/api/license/pool", asked).await.ok();
    let keys = api(&gateway).get("/api/license/keys").await.ok();

    let folder = folder();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    put("pool.jwt", pool["pool"].as_str().unwrap());
    put("keys.json", &keys.to_string());
    put("seats.key", own["key"].as_str().unwrap());
    folder
}

async fn begin(folder: &TempDir) -> (Running, Api) {
    let args = ["seats", "--port", "0", "--host", "127.0.0.1"];
    let args = [&args[..], &FILES[..]].concat();
    let running = Running::start(folder, &args, &[]).await;
    let url = running.ready.seats.clone().unwrap();
    (running, Api::new(&url, None))
}

async fn take(seats: &Api, machine: &str) -> Answer {
    seats.post("/seats", json!({"fingerprint": machine})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_frees_no_seat_and_takes_none() {
    let folder = carried(2).await;
    let (server, seats) = begin(&folder).await;
    let first = take(&seats, "machine-1").await.ok();
    take(&seats, "machine-2").await.ok();
    server.kill().await;

    let (_server, seats) = begin(&folder).await;
    let refused = take(&seats, "machine-3").await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert_eq!(refused.body["code"], "lease_limit");
    let again = take(&seats, "machine-1").await.ok();
    assert_eq!(again["id"], first["id"], "who holds a seat renews it");

    let keys = std::fs::read_to_string(folder.path().join("keys.json")).unwrap();
    let tokens = ["pool", "seat"].map(|name| again[name].as_str().unwrap());
    let verifier = Verifier::new(&keys).unwrap();
    let held = verifier.verify_seat(
        (tokens[0], tokens[1]),
        "machine-1",
        now(),
        &mut Mark::default(),
    );
    assert_eq!(held.unwrap().pool.seats, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_carried_wrongly_is_told_by_its_flag() {
    let folder = carried(1).await;
    let args = [&["seats", "--port", "0"][..], &FILES[..]].concat();
    let said = async || {
        let ended = ended(polarkit(&folder, &args, &[])).await;
        assert!(!ended.status.success());
        String::from_utf8(ended.stderr).unwrap()
    };
    let (pool, kept) = (folder.path().join("pool.jwt"), folder.path().join("kept"));
    std::fs::rename(&pool, &kept).unwrap();
    let missing = said().await;
    assert!(missing.contains("--pool pool.jwt"), "{missing}");
    std::fs::rename(&kept, &pool).unwrap();
    let another = polarkit(&folder, &["keys", "lease-new", "--json"], &[]);
    let another: Value = serde_json::from_slice(&ended(another).await.stdout).unwrap();
    let secret = another["key"].as_str().unwrap();
    std::fs::write(folder.path().join("seats.key"), secret).unwrap();
    let other = said().await;
    assert!(other.contains("made out to another key"), "{other}");
    assert!(!other.contains(secret));
}
