//! Whose deliveries are taken, which secret fitted, and what happens to the slow.

use jiff::SignedDuration;
use polarkit_sandbox::Credentials;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::event::{Delivery, event, subscription};
use crate::world::World;

fn delivery(world: &World, id: &str) -> Delivery {
    let active = event("subscription.active", 5, subscription("active", 4));
    Delivery::of(world, id, &active)
}

/// As `polar listen` signs: with the organization's id, its dashes left out.
fn listened(world: &World, id: &str) -> Delivery {
    let Credentials {
        organization_id, ..
    } = &world.credentials;
    let mut delivery = delivery(world, id);
    delivery.secret = organization_id.replace('-', "");
    delivery
}

async fn verified_by(world: &World, id: &str) -> Value {
    world.projected().await;
    let done = world.get("/api/inbox").await.ok();
    let rows = done["items"].as_array().unwrap();
    let row = rows.iter().find(|row| row["webhook_id"] == id).unwrap();
    row["verified_by"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn which_secret_fitted_is_recorded() {
    let world = World::begin().await;
    let second = delivery(&world, "second");
    assert_eq!(second.send(&world).await.status, 200);
    assert_eq!(verified_by(&world, "second").await, "2/whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_polar_listen_forwards_is_believed_only_when_told() {
    let careful = World::begin().await;
    let refused = listened(&careful, "guessed").send(&careful).await;
    refused.refused(403, "webhook_signature");
    let developing = World::with(&[("POLARKIT_POLAR_LISTEN", "true")]).await;
    let taken = listened(&developing, "forwarded").send(&developing).await;
    assert_eq!(taken.status, 200);
    assert_eq!(verified_by(&developing, "forwarded").await, "listen/whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_listed_addresses_may_deliver() {
    let elsewhere = World::with(&[("POLARKIT_WEBHOOK_NETWORKS", "203.0.113.0/24")]).await;
    let refused = delivery(&elsewhere, "msg_1").send(&elsewhere).await;
    refused.refused(403, "webhook_address");
    let here = World::with(&[("POLARKIT_WEBHOOK_NETWORKS", "::1, 127.0.0.1")]).await;
    assert_eq!(delivery(&here, "msg_1").send(&here).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn polars_own_addresses_have_a_name() {
    let world = World::with(&[
        ("POLARKIT_WEBHOOK_NETWORKS", "polar"),
        ("POLARKIT_TRUST_FORWARDED_FOR", "true"),
    ])
    .await;
    for (address, status) in [
        ("3.134.238.10", 200),
        ("74.220.50.9", 200),
        ("74.220.51.9", 403),
        // What the sender claims stands before what our own proxy saw.
        ("3.134.238.10, 192.0.2.1", 403),
    ] {
        let mut delivery = delivery(&world, &uuid::Uuid::new_v4().to_string());
        delivery.headers = vec![("x-forwarded-for", address.to_owned())];
        assert_eq!(delivery.send(&world).await.status, status, "{address}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_is_told_to_the_sender_and_to_the_operator() {
    let world = World::begin().await;
    let mut late = delivery(&world, "late");
    let sent_at = late.sent_at.checked_sub(SignedDuration::from_secs(420));
    late.sent_at = sent_at.unwrap();
    let answer = late.send(&world).await;
    let said = answer.refused(403, "webhook_signature");
    assert!(said.contains("420 s ago"), "{said}");
    let metrics = world.get("/metrics").await.ok();
    let metrics = metrics.as_str().unwrap();
    assert!(
        metrics.contains("polarkit_delivery_age_seconds 420"),
        "{metrics}"
    );
}

/// What the gateway says to someone who sends this much and then nothing. Time passes at once while
/// everybody waits.
async fn said_after(world: &World, sent: &str) -> String {
    let address = world.url.trim_start_matches("http://");
    let mut socket = TcpStream::connect(address).await.unwrap();
    tokio::time::pause();
    socket.write_all(sent.as_bytes()).await.unwrap();
    let mut said = String::new();
    socket.read_to_string(&mut said).await.unwrap();
    tokio::time::resume();
    said
}

#[tokio::test]
async fn who_never_ends_its_headers_is_hung_up_on() {
    let world = World::begin().await;
    let said = said_after(&world, "POST /webhook/polar HTTP/1.1\r\nhost: x\r\n").await;
    assert!(
        said.is_empty() || said.starts_with("HTTP/1.1 408"),
        "{said}"
    );
    world.get("/health").await.ok();
}

#[tokio::test]
async fn who_never_ends_its_body_is_told_and_hung_up_on() {
    let world = World::begin().await;
    let begun = "POST /webhook/polar HTTP/1.1\r\nhost: x\r\nwebhook-id: msg_1\r\n\
         webhook-timestamp: 1800000000\r\nwebhook-signature: v1,AAAA\r\ncontent-length: 100\r\n\r\n{";
    let said = said_after(&world, begun).await;
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(said.contains("too_slow"), "{said}");
    world.get("/health").await.ok();
}
