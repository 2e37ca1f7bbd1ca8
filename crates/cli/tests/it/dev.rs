//! `polarkit dev --data`: what it kept is there, and still wired, after a restart.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::Api;
use crate::patience::eventually;
use crate::process::{Running, folder};

#[tokio::test]
async fn what_dev_kept_is_there_after_a_restart_and_news_still_arrives() {
    let folder = folder();
    let first = dev(&folder).await;
    let key = first.ready.api_key.clone();
    assert_eq!(add_customer(&first, "u_1").await, 1);
    hears_of(&first, "u_1").await;
    assert!(first.terminate().await.success());

    // Both ports are others now.
    let second = dev(&folder).await;
    assert_eq!(second.ready.api_key, key);
    let gateway = Api::new(second.gateway(), key.as_deref());
    gateway.get("/api/customers/u_1").await.ok();
    assert_eq!(add_customer(&second, "u_2").await, 2, "the world was kept");
    hears_of(&second, "u_2").await;
    assert!(second.terminate().await.success());
}

async fn dev(folder: &TempDir) -> Running {
    let ports = ["--port", "0", "--sandbox-port", "0"];
    let args = [&["dev", "--data", "kept"], &ports[..]].concat();
    Running::start(folder, &args, &[]).await
}

/// Adds one at Polar, and says how many it has then.
async fn add_customer(dev: &Running, external_id: &str) -> Value {
    let public = Api::new(dev.sandbox(), None);
    let credentials = public.get("/sandbox/credentials").await.ok();
    let polar = Api::new(dev.sandbox(), credentials["access_token"].as_str());
    let customer =
        json!({"email": format!("{external_id}@example.com"), "external_id": external_id});
    polar.post("/v1/customers/", customer).await.ok();
    let listed = polar.get("/v1/customers/").await.ok();
    listed["pagination"]["total_count"].clone()
}

async fn hears_of(dev: &Running, external_id: &str) {
    let gateway = Api::new(dev.gateway(), dev.ready.api_key.as_deref());
    eventually("the customer at the gateway", async || {
        let answer = gateway.get(&format!("/api/customers/{external_id}")).await;
        (answer.status == 200).then_some(())
    })
    .await;
}
