//! A body is written when its event happens and never again, however late it arrives or how often.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Act, Plan, Story, VISA};

#[tokio::test]
async fn a_body_tells_how_things_stood_when_it_was_written() {
    let mut story = Story::begin(Plan::Monthly(1000), &[]).await;
    story.play(Act::Buy(VISA)).await;
    let statuses: Vec<_> = heard(&story, "checkout.updated").await;
    assert_eq!(statuses, ["confirmed", "succeeded"]);
    story.play(Act::Delete).await;
    let statuses: Vec<_> = heard(&story, "subscription.active").await;
    assert_eq!(statuses, ["active"], "it has ended since");
}

#[tokio::test]
async fn tries_and_redeliveries_repeat_the_bytes_whatever_has_changed_meanwhile() {
    let mut story = Story::begin(Plan::Once(0), &[]).await;
    story.stall.receiver.answer(&[500, 500]);
    story.play(Act::MakeCustomer).await;
    story.play(Act::Rename).await;
    story.play(Act::Wait("PT1H")).await;
    let arrived = story.stall.receiver.arrived();
    let first = arrived
        .iter()
        .find(|one| one.json()["type"] == "customer.created")
        .unwrap();
    let id = first.header("webhook-id").to_owned();
    let path = format!("/v1/webhooks/events/{id}/redeliver");
    story.stall.call(Method::POST, &path, Value::Null).await;
    story.stall.settle().await;
    let same: Vec<_> = story.stall.receiver.arrived();
    let same: Vec<_> = same
        .iter()
        .filter(|one| one.header("webhook-id") == id)
        .collect();
    assert!(same.len() >= 3, "tried, tried again, sent again");
    assert!(same.iter().all(|one| one.body == first.body));
    assert_eq!(first.json()["data"]["name"], json!("Ada"));
}

/// The statuses that announcements of a kind show.
async fn heard(story: &Story, kind: &str) -> Vec<String> {
    let announced = story.stall.announced().await;
    let of = announced.into_iter().filter(|(name, _)| name == kind);
    of.map(|(_, data)| data["status"].as_str().unwrap().to_owned())
        .collect()
}
