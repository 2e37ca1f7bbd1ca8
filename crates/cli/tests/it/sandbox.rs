//! `polarkit sandbox` as a script meets it.

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
