//! `polarkit sandbox` as a script meets it.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpListener;

use crate::http::Api;
use crate::process::{Running, folder, run};

#[tokio::test]
async fn json_prints_one_line_with_the_address_and_sigterm_ends_it_in_order() {
    let folder = folder();
    let running = Running::start(&folder, &["sandbox", "--port", "0"], &[]).await;
    let credentials = Api::new(running.sandbox(), None)
        .get("/sandbox/credentials")
        .await
        .ok();
    assert!(
        credentials["access_token"]
            .as_str()
            .unwrap()
            .starts_with("polar_oat_")
    );
    assert!(running.terminate().await.success());
}

#[tokio::test]
async fn a_taken_port_is_named_with_the_flag_that_changes_it() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = run(&["sandbox", "--port", &port], &[]).await;
    let talk = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{talk}");
    assert!(
        talk.contains(&format!("cannot listen on 127.0.0.1:{port}")),
        "{talk}"
    );
    assert!(talk.contains("hint: ") && talk.contains("--port"), "{talk}");
    assert!(ended.stdout.is_empty(), "stdout carries data only");
}

/// A kill comes while customers are being made. What is there afterwards is what was there a moment before:
/// all customers up to one of the last, and none half.
#[tokio::test]
async fn a_killed_sandbox_comes_back_as_it_was_a_moment_before() {
    let folder = folder();
    let data = folder.path().join("data");
    let args = ["sandbox", "--port", "0", "--data", data.to_str().unwrap()];
    // What was answered, and how much of it was seen on disk.
    let (mut made, mut safe) = (0, 0);
    for kill in 0..4 {
        let running = Running::start(&folder, &args, &[]).await;
        let api = Api::new(running.sandbox(), None);
        let credentials = api.get("/sandbox/credentials").await.ok();
        let token = credentials["access_token"].as_str().unwrap();
        let api = Api::new(running.sandbox(), Some(token));
        let list = api.get("/v1/customers/?limit=1").await.ok();
        let kept = list["pagination"]["total_count"].as_u64().unwrap();
        let told = format!("kill {kill}: {kept} of {made}, {safe} of them safe");
        assert!((safe..=made).contains(&kept), "{told}");
        made = kept;
        for n in 0..40 + kill * 7 {
            let email = format!("kill{kill}-{n}@example.com");
            let body = json!({"email": email, "external_id": email});
            let customer = api.post("/v1/customers/", body).await.ok();
            assert_eq!(customer["email"], email);
            made += 1;
            if n == 20 {
                wait_until_saved(&data, &email).await;
                safe = made;
            }
        }
        running.kill().await;
    }
}

async fn wait_until_saved(data: &Path, text: &str) {
    let log = data.join("world.log");
    let saved = || std::fs::read_to_string(&log).is_ok_and(|log| log.contains(text));
    let patience = Instant::now() + Duration::from_mins(1);
    while !saved() {
        assert!(Instant::now() < patience, "not saved");
        tokio::task::yield_now().await;
    }
}
