//! The world as a whole: the same story twice, over a restart, back to an earlier page, through time.

use std::fs;

use polarkit_sandbox::{StartError, StorageError};
use reqwest::Method;
use serde_json::{Value, json};

use crate::running::{Running, read};

async fn customer(sandbox: &Running, name: &str) -> Value {
    let body = json!({"email": format!("{name}@example.com")});
    let (status, customer) = sandbox.call(Method::POST, "/v1/customers/", body).await;
    assert_eq!(status, 201, "{customer}");
    customer
}

async fn customers(sandbox: &Running) -> Value {
    let (status, list) = sandbox
        .call(Method::GET, "/v1/customers/", Value::Null)
        .await;
    assert_eq!(status, 200, "{list}");
    list
}

#[tokio::test]
async fn the_same_seed_and_the_same_calls_make_the_same_world() {
    let mut worlds = Vec::new();
    for _ in 0..2 {
        let sandbox = Running::start_with(7, None).await.unwrap();
        customer(&sandbox, "ada").await;
        let body = json!({"name": "Book", "prices": [{"amount_type": "free"}]});
        let (_, product) = sandbox.call(Method::POST, "/v1/products/", body).await;
        let list = customers(&sandbox).await;
        worlds.push((sandbox.credentials.access_token.clone(), list, product));
    }
    assert_eq!(worlds[0], worlds[1]);
    let other = Running::start_with(8, None).await.unwrap();
    assert_ne!(other.credentials.access_token, worlds[0].0);
}

#[tokio::test]
async fn a_world_with_a_folder_outlives_its_process_and_keeps_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let before = Running::start_in(folder.path()).await.unwrap();
    customer(&before, "ada").await;
    let there = before
        .control("/sandbox/clock", json!({"advance": "P40D"}))
        .await;
    let (list, token) = (
        customers(&before).await,
        before.credentials.access_token.clone(),
    );
    before.stop().await;
    let after = Running::start_in(folder.path()).await.unwrap();
    assert_eq!(after.credentials.access_token, token);
    assert_eq!(customers(&after).await, list);
    let now = after
        .get("/sandbox/clock")
        .await
        .json::<Value>()
        .await
        .unwrap();
    assert!(
        now["now"].as_str() >= there["now"].as_str(),
        "{now} {there}"
    );
}

#[tokio::test]
async fn a_change_is_on_disk_soon_even_without_a_clean_stop() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Running::start_in(folder.path()).await.unwrap();
    customer(&sandbox, "grace").await;
    let file = folder.path().join("world.log");
    let saved = || fs::read_to_string(&file).is_ok_and(|text| text.contains("grace@example.com"));
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while !saved() {
        assert!(std::time::Instant::now() < patience, "not saved");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.log");
    fs::write(&file, "no world").unwrap();
    let refusal = Running::start_in(folder.path()).await.err().unwrap();
    assert!(
        matches!(refusal, StartError::Storage(StorageError::Damaged { .. })),
        "{refusal}"
    );
    assert!(refusal.to_string().contains("world.log"), "{refusal}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "no world");
}

#[tokio::test]
async fn two_sandboxes_do_not_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = Running::start_in(folder.path()).await.unwrap();
    let refusal = Running::start_in(folder.path()).await.err().unwrap();
    assert!(
        matches!(refusal, StartError::Storage(StorageError::InUse(_))),
        "{refusal}"
    );
    first.stop().await;
    Running::start_in(folder.path()).await.unwrap();
}

#[tokio::test]
async fn a_reset_brings_back_the_seeded_world_with_the_same_tokens() {
    let sandbox = Running::start().await;
    let seeded = customers(&sandbox).await;
    customer(&sandbox, "ada").await;
    sandbox.control("/sandbox/reset", Value::Null).await;
    assert_eq!(customers(&sandbox).await, seeded);
}

#[tokio::test]
async fn a_snapshot_can_be_gone_back_to_as_often_as_one_likes() {
    let sandbox = Running::start().await;
    customer(&sandbox, "ada").await;
    sandbox
        .control("/sandbox/snapshot", json!({"name": "ada"}))
        .await;
    let then = customers(&sandbox).await;
    for name in ["grace", "lin"] {
        customer(&sandbox, name).await;
        assert_ne!(customers(&sandbox).await, then);
        sandbox
            .control("/sandbox/restore", json!({"name": "ada"}))
            .await;
        assert_eq!(customers(&sandbox).await, then);
    }
    let request = sandbox.request(Method::POST, "/sandbox/restore");
    let answer = request
        .json(&json!({"name": "nothing"}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn time_moves_by_calendar_and_never_backwards() {
    let sandbox = Running::start().await;
    let now = |answer: Value| {
        answer["now"]
            .as_str()
            .unwrap()
            .get(..16)
            .unwrap()
            .to_owned()
    };
    let moved = sandbox
        .control("/sandbox/clock", json!({"now": "2028-01-31T10:00:00Z"}))
        .await;
    assert_eq!(now(moved), "2028-01-31T10:00");
    let moved = sandbox
        .control("/sandbox/clock", json!({"advance": "P1M"}))
        .await;
    assert_eq!(now(moved), "2028-02-29T10:00");
    let moved = sandbox
        .control("/sandbox/clock", json!({"advance": "P1DT90M"}))
        .await;
    assert_eq!(now(moved), "2028-03-01T11:30");
    for (unfit, told) in [
        (json!({"now": "2001-01-01T00:00:00Z"}), "only goes forward"),
        (json!({"advance": "-P1D"}), "only goes forward"),
        (json!({"advance": "P101Y"}), "100 years"),
        (json!({"advance": "P9000Y"}), "no such time"),
        (json!({"advance": "soon"}), "P31D"),
    ] {
        let request = sandbox.request(Method::POST, "/sandbox/clock").json(&unfit);
        let (status, answer) = read(request).await;
        let detail = answer["detail"].as_str().unwrap();
        assert!(status == 422 && detail.contains(told), "{unfit}: {answer}");
    }
    let there = sandbox.get("/sandbox/clock").await.json().await.unwrap();
    assert_eq!(now(there), "2028-03-01T11:30");
}

#[tokio::test]
async fn travellers_queue_up_and_both_arrive() {
    let sandbox = Running::start().await;
    let start = sandbox.sandbox.now();
    let day = || sandbox.control("/sandbox/clock", json!({"advance": "P1D"}));
    tokio::join!(day(), day(), day());
    let went = sandbox.sandbox.now().duration_since(start);
    assert_eq!(went.as_hours(), 72);
}
