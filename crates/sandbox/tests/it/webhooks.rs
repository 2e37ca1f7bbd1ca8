//! Deliveries: signed, in order, retried as time goes by, given up in the end.

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::running::Running;

async fn endpoint(sandbox: &Running, receiver: &Receiver) -> Value {
    let events = json!(["customer.created", "customer.updated"]);
    let body = json!({"url": receiver.url, "format": "raw", "events": events});
    let (status, endpoint) = sandbox
        .call(Method::POST, "/v1/webhooks/endpoints", body)
        .await;
    assert_eq!(status, 201, "{endpoint}");
    endpoint
}

async fn customer(sandbox: &Running, name: &str) {
    let body = json!({"email": format!("{name}@example.com")});
    let (status, customer) = sandbox.call(Method::POST, "/v1/customers/", body).await;
    assert_eq!(status, 201, "{customer}");
}

async fn settle(sandbox: &Running) {
    sandbox.control("/sandbox/settle", Value::Null).await;
}

async fn log(sandbox: &Running) -> Vec<Value> {
    let path = "/v1/webhooks/deliveries?limit=100";
    let (_, list) = sandbox.call(Method::GET, path, Value::Null).await;
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn settling_waits_until_what_happened_has_been_told() {
    let (sandbox, receiver) = (Running::start().await, Receiver::start().await);
    endpoint(&sandbox, &receiver).await;
    customer(&sandbox, "ada").await;
    settle(&sandbox).await;
    let arrived = receiver.arrived();
    assert_eq!(arrived.len(), 1);
    assert!(
        arrived[0]
            .body
            .starts_with("{\"type\":\"customer.created\",\"timestamp\":\"")
    );
    assert_eq!(arrived[0].header("content-type"), "application/json");
    assert_eq!(arrived[0].header("user-agent"), "polar.sh webhooks");
    assert!(arrived[0].header("webhook-signature").starts_with("v1,"));
}

#[tokio::test]
async fn first_attempts_arrive_in_the_order_of_their_events() {
    let (sandbox, receiver) = (Running::start().await, Receiver::start().await);
    endpoint(&sandbox, &receiver).await;
    for n in 0..20 {
        customer(&sandbox, &format!("c{n}")).await;
    }
    settle(&sandbox).await;
    let arrived = receiver.arrived();
    let emails: Vec<Value> = arrived
        .iter()
        .map(|one| one.json()["data"]["email"].clone())
        .collect();
    let made: Vec<Value> = (0..20)
        .map(|n| json!(format!("c{n}@example.com")))
        .collect();
    assert_eq!(emails, made);
}

#[tokio::test]
async fn a_failed_delivery_comes_again_later_with_the_same_id_and_body() {
    let (sandbox, receiver) = (Running::start().await, Receiver::start().await);
    endpoint(&sandbox, &receiver).await;
    receiver.answer(&[500]);
    customer(&sandbox, "ada").await;
    settle(&sandbox).await;
    assert_eq!(
        receiver.arrived().len(),
        1,
        "settling does not wait for a later attempt"
    );
    sandbox
        .control("/sandbox/clock", json!({"advance": "PT1M"}))
        .await;
    let arrived = receiver.arrived();
    assert_eq!(arrived.len(), 2);
    assert_eq!(
        arrived[0].header("webhook-id"),
        arrived[1].header("webhook-id")
    );
    assert_eq!(arrived[0].body, arrived[1].body);
    let log = log(&sandbox).await;
    let at = |n: usize| -> Timestamp { log[n]["created_at"].as_str().unwrap().parse().unwrap() };
    let waited = at(0).duration_since(at(1)).as_secs();
    assert!((4..=8).contains(&waited), "{waited} s");
    let codes: Vec<&Value> = log.iter().map(|entry| &entry["http_code"]).collect();
    assert_eq!(codes, [&json!(200), &json!(500)], "newest first");
}

/// An app that verifies with an official SDK must believe a sandbox whose clock was moved.
#[tokio::test]
async fn a_delivery_is_stamped_with_the_true_time_however_far_the_world_has_moved() {
    let (sandbox, receiver) = (Running::start().await, Receiver::start().await);
    endpoint(&sandbox, &receiver).await;
    let moved = sandbox
        .control("/sandbox/clock", json!({"advance": "P31D"}))
        .await;
    customer(&sandbox, "ada").await;
    settle(&sandbox).await;
    let arrived = receiver.arrived();
    let stamped: i64 = arrived[0].header("webhook-timestamp").parse().unwrap();
    let world: Timestamp = moved["now"].as_str().unwrap().parse().unwrap();
    let behind = world.as_second() - stamped;
    assert!(
        (behind - 31 * 86_400).abs() < 60,
        "{behind} s behind the world"
    );
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_nobody_follows_it() {
    let (sandbox, receiver) = (Running::start().await, Receiver::start().await);
    endpoint(&sandbox, &receiver).await;
    receiver.answer(&[302]);
    customer(&sandbox, "ada").await;
    settle(&sandbox).await;
    assert_eq!(receiver.arrived().len(), 1);
    assert_eq!(log(&sandbox).await[0]["succeeded"], false);
}

#[tokio::test]
async fn after_ten_attempts_a_message_is_given_up_and_after_ten_messages_the_endpoint() {
    let (sandbox, receiver) = (Running::start().await, Receiver::start().await);
    let endpoint = endpoint(&sandbox, &receiver).await;
    receiver.answer_always(503);
    let path = format!(
        "/v1/webhooks/endpoints/{}",
        endpoint["id"].as_str().unwrap()
    );
    customer(&sandbox, "c0").await;
    sandbox
        .control("/sandbox/clock", json!({"advance": "PT2H"}))
        .await;
    assert_eq!(receiver.arrived().len(), 10);
    let event = &log(&sandbox).await[0]["webhook_event"];
    assert_eq!(
        (&event["succeeded"], &event["last_http_code"]),
        (&json!(false), &json!(503))
    );
    let (_, now) = sandbox.call(Method::GET, &path, Value::Null).await;
    assert_eq!(now["enabled"], true, "one failed message is not enough");
    for n in 1..10 {
        customer(&sandbox, &format!("c{n}")).await;
    }
    sandbox
        .control("/sandbox/clock", json!({"advance": "PT2H"}))
        .await;
    assert_eq!(receiver.arrived().len(), 100);
    let (_, now) = sandbox.call(Method::GET, &path, Value::Null).await;
    assert_eq!(now["enabled"], false);
    customer(&sandbox, "late").await;
    settle(&sandbox).await;
    assert_eq!(
        receiver.arrived().len(),
        100,
        "what happens now is not even recorded"
    );
}

#[tokio::test]
async fn a_receiver_that_is_away_is_a_failure_without_a_code() {
    let sandbox = Running::start().await;
    let receiver = Receiver::start().await;
    endpoint(&sandbox, &receiver).await;
    drop(receiver);
    customer(&sandbox, "ada").await;
    settle(&sandbox).await;
    let entry = &log(&sandbox).await[0];
    assert_eq!(
        (&entry["succeeded"], &entry["http_code"]),
        (&json!(false), &Value::Null)
    );
    assert_ne!(entry["response"], "");
}

#[tokio::test]
async fn a_message_can_be_sent_again_and_a_disabled_endpoint_hears_nothing() {
    let (sandbox, receiver) = (Running::start().await, Receiver::start().await);
    let endpoint = endpoint(&sandbox, &receiver).await;
    customer(&sandbox, "ada").await;
    settle(&sandbox).await;
    let id = receiver.arrived()[0].header("webhook-id").to_owned();
    let again = format!("/v1/webhooks/events/{id}/redeliver");
    let (status, body) = sandbox.call(Method::POST, &again, Value::Null).await;
    assert_eq!((status, body), (202, Value::Null));
    settle(&sandbox).await;
    assert_eq!(receiver.arrived().len(), 2);
    let path = format!(
        "/v1/webhooks/endpoints/{}",
        endpoint["id"].as_str().unwrap()
    );
    sandbox
        .call(Method::PATCH, &path, json!({"enabled": false}))
        .await;
    sandbox.call(Method::POST, &again, Value::Null).await;
    settle(&sandbox).await;
    assert_eq!(receiver.arrived().len(), 2);
    assert_eq!(log(&sandbox).await[0]["webhook_event"]["skipped"], true);
}

#[tokio::test]
async fn asking_for_a_failed_message_makes_one_attempt_more_and_no_harm() {
    let (sandbox, receiver) = (Running::start().await, Receiver::start().await);
    endpoint(&sandbox, &receiver).await;
    receiver.answer_always(503);
    customer(&sandbox, "ada").await;
    let wait = json!({"advance": "PT2H"});
    sandbox.control("/sandbox/clock", wait.clone()).await;
    let id = receiver.arrived()[0].header("webhook-id").to_owned();
    let again = format!("/v1/webhooks/events/{id}/redeliver");
    sandbox.call(Method::POST, &again, Value::Null).await;
    sandbox.control("/sandbox/clock", wait).await;
    assert_eq!(receiver.arrived().len(), 11, "it is not repeated any more");
    let newest = log(&sandbox).await[0].clone();
    assert_eq!(newest["response"], "thank you");
    assert_eq!(newest["webhook_event"]["succeeded"], false);
    receiver.answer_always(204);
    sandbox.call(Method::POST, &again, Value::Null).await;
    settle(&sandbox).await;
    receiver.answer_always(503);
    sandbox.call(Method::POST, &again, Value::Null).await;
    settle(&sandbox).await;
    let newest = log(&sandbox).await[0].clone();
    assert_eq!(newest["succeeded"], false);
    assert_eq!(
        newest["webhook_event"]["succeeded"], true,
        "what has arrived has arrived"
    );
}

#[tokio::test]
async fn the_log_outlives_its_endpoint() {
    let (sandbox, receiver) = (Running::start().await, Receiver::start().await);
    let endpoint = endpoint(&sandbox, &receiver).await;
    customer(&sandbox, "ada").await;
    settle(&sandbox).await;
    let id = endpoint["id"].as_str().unwrap();
    let path = format!("/v1/webhooks/endpoints/{id}");
    sandbox.call(Method::DELETE, &path, Value::Null).await;
    assert_eq!(log(&sandbox).await.len(), 1);
    let path = format!("/v1/webhooks/deliveries?endpoint_id={id}");
    let (_, list) = sandbox.call(Method::GET, &path, Value::Null).await;
    assert_eq!(list["items"], json!([]));
}
