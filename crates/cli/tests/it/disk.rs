//! A disk that is full: what cannot be kept is refused, and once there is room everything goes on.

use std::process::Command;

use polarkit_store::Store;
use reqwest::{Client, Method};
use serde_json::json;

use crate::delivery::Delivery;
use crate::http::client;
use crate::patience::eventually;
use crate::process::Running;
use crate::stage::{Stage, api, now};

/// Deliveries that fit in no case.
const DELIVERIES_MAX: usize = 4_000;
/// Calls of some 800 KB that fit in no case.
const USES_MAX: usize = 60;
/// Written from the beginning, so that taking it away makes room.
const BALLAST: &str = "ballast";

/// A file system of its own for the process alone, with 3 MiB left: no rights of root are needed
/// where users may have namespaces of their own.
const SMALL_DISK: &str = r#"mount -t tmpfs -o size=16m tmpfs "$0" &&
head -c 13M /dev/zero > "$0/ballast" && exec "$@""#;
/// No file may grow beyond 20 MiB (40960 blocks), and trying is an error, no signal. The log is
/// copied to the database at 16 MiB, so that this fails as well.
const SMALL_FILES: &str = r#"trap '' XFSZ; ulimit -S -f 40960; exec "$@""#;

/// ENOSPC, from a real file system.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_loses_nothing() {
    if !may_have_namespaces() {
        println!("no namespaces for users here: the limit on files tells the same story");
        return;
    }
    let folder = crate::process::folder();
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let url = format!("sqlite:{}", disk.join("gateway.db").display());
    let stage = Stage::begin(folder, url).await;
    let disk = disk.to_str().unwrap().to_owned();
    let shell = ["unshare", "-r", "-m", "sh", "-c", SMALL_DISK, &disk];
    let gateway = stage.gateway_by(&shell).await;
    let room = |gateway: &Running| {
        let seen = format!("/proc/{}/root{disk}/{BALLAST}", gateway.id());
        std::fs::remove_file(seen).unwrap();
    };
    story(gateway, 0, room).await;
}

/// EFBIG, from a limit of the process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_may_not_grow_refuse_and_lose_nothing() {
    let stage = Stage::on_sqlite().await;
    let gateway = stage.gateway_by(&["sh", "-c", SMALL_FILES, "sh"]).await;
    let room = |gateway: &Running| {
        let id = gateway.id().to_string();
        let limit = ["--pid", &id, "--fsize=unlimited:"];
        let done = Command::new("prlimit").args(limit).status().unwrap();
        assert!(done.success());
    };
    let acknowledged = story(gateway, 200_000, room).await;
    let store = Store::open(&stage.database_url).await.unwrap();
    for delivery in &acknowledged {
        let body = store.inbox_body(&delivery.id).await.unwrap();
        assert!(body.is_some(), "{} is lost", delivery.id);
    }
    store.close().await;
}

/// Fills the disk, makes room, and finds everything that was acknowledged; gives it.
async fn story(
    gateway: Running,
    padding: usize,
    make_room: impl FnOnce(&Running),
) -> Vec<Delivery> {
    let client = client();
    let mut acknowledged = Vec::new();
    let refused = fill(&client, &gateway, padding, &mut acknowledged).await;
    println!(
        "{} acknowledged before the disk was full",
        acknowledged.len()
    );
    fill_with_usage(&client, &gateway).await;
    // Reading works on: who has access keeps it.
    let first = &acknowledged[0];
    let known = format!("/api/customers/{}", first.customer);
    api(&gateway).get(&known).await.ok();
    make_room(&gateway);
    eventually("a delivery is taken again", async || {
        let answer = refused.answer(&client, gateway.gateway(), now()).await?;
        answer.status().is_success().then_some(())
    })
    .await;
    acknowledged.push(refused);
    let uses = json!({"external_customer_id": "u", "name": "call"});
    eventually("usage is taken again", async || {
        let answer = api(&gateway).post("/api/usage/track", uses.clone()).await;
        (answer.status == 202).then_some(())
    })
    .await;
    for delivery in &acknowledged {
        has_one_order(&gateway, delivery).await;
    }
    assert!(gateway.terminate().await.success());
    acknowledged
}

/// Sends until a delivery is refused three times in a row; gives that one.
async fn fill(
    client: &Client,
    gateway: &Running,
    padding: usize,
    acknowledged: &mut Vec<Delivery>,
) -> Delivery {
    for _ in 0..DELIVERIES_MAX {
        let mut delivery = Delivery::of_a_paid_order(now());
        // White space before the end: as good a body, and larger.
        delivery.body.truncate(delivery.body.len() - 1);
        delivery.body.extend([" ".repeat(padding).as_str(), "}"]);
        let mut refusals = 0;
        while refusals < 3 {
            let sent = delivery.answer(client, gateway.gateway(), now()).await;
            let answer = sent.expect("the process lives");
            if answer.status().is_success() {
                break;
            }
            assert_eq!(answer.status(), 503);
            assert!(answer.headers().contains_key("retry-after"));
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
            refusals += 1;
        }
        if refusals == 3 {
            return delivery;
        }
        acknowledged.push(delivery);
    }
    panic!("the disk never was full");
}

/// Tracks large uses until the database has no room either: it lies beside the journal.
async fn fill_with_usage(client: &Client, gateway: &Running) {
    let url = format!("{}/api/usage/track", gateway.gateway());
    let filler = "x".repeat(500);
    let metadata: serde_json::Map<_, _> =
        (0..40).map(|n| (format!("k{n}"), json!(filler))).collect();
    let one = json!({"external_customer_id": "u", "name": "call", "metadata": metadata});
    let uses = json!({"events": vec![one; 40]});
    for _ in 0..USES_MAX {
        let call = client
            .request(Method::POST, &url)
            .bearer_auth(crate::stage::KEY);
        let answer = call.json(&uses).send().await.unwrap();
        if answer.status() != 202 {
            assert_eq!(answer.status(), 503, "{:?}", answer.text().await);
            assert!(answer.headers().contains_key("retry-after"));
            return;
        }
    }
    panic!("the disk never was full");
}

pub(crate) async fn has_one_order(gateway: &Running, delivery: &Delivery) {
    let path = format!("/api/customers/{}", delivery.customer);
    eventually(&format!("the order of {}", delivery.id), async || {
        let answer = api(gateway).get(&path).await;
        let orders = answer.body["orders"].as_array()?.len();
        assert_eq!(orders, 1, "{}", answer.body);
        Some(())
    })
    .await;
}

pub(crate) fn may_have_namespaces() -> bool {
    let probe = ["-r", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"];
    Command::new("unshare")
        .args(probe)
        .status()
        .is_ok_and(|done| done.success())
}
