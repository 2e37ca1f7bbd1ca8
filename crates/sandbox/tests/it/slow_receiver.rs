//! A receiver that keeps its callers waiting holds up nobody but itself.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::receiver::Receiver;
use crate::running::Running;

async fn subscribe(sandbox: &Running, url: &str) {
    let body = json!({"url": url, "format": "raw", "events": ["customer.created"]});
    let path = "/v1/webhooks/endpoints";
    let (status, answer) = sandbox.call(Method::POST, path, body).await;
    assert_eq!(status, 201, "{answer}");
}

#[tokio::test]
async fn calls_and_other_receivers_do_not_wait_for_one_that_hangs() {
    let (sandbox, prompt) = (Running::start().await, Receiver::start().await);
    // It takes connections and never says a word.
    let hanging = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", hanging.local_addr().unwrap());
    subscribe(&sandbox, &url).await;
    subscribe(&sandbox, &prompt.url).await;
    for n in 0..40 {
        let body = json!({"email": format!("c{n}@example.com")});
        let (status, answer) = sandbox.call(Method::POST, "/v1/customers/", body).await;
        assert_eq!(status, 201, "{answer}");
    }
    while prompt.arrived().len() < 40 {
        tokio::task::yield_now().await;
    }
    let path = "/v1/webhooks/deliveries?succeeded=false";
    let (_, log) = sandbox.call(Method::GET, path, Value::Null).await;
    assert_eq!(
        log["items"],
        json!([]),
        "the one that hangs has not given up"
    );
}
