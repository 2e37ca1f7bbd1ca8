//! Licences that are known from webhooks and from reading back: valid before Polar's own validation
//! knows them, and while it is away; over as soon as a webhook says so.

use std::sync::Arc;

use jiff::SignedDuration;
use polarkit_model::Clock as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::door::{Door, Stands};
use crate::heal::read;
use crate::shop::buy;
use crate::world::World;

const HEALING: (&str, &str) = ("POLARKIT_RECONCILE", "true");

/// A gateway that has read Polar back through a door: what is sold from now on, a webhook tells.
async fn doored() -> (World, Arc<Door>) {
    let world = World::with(&[HEALING]).await;
    let door = Door::before(format!("http://{}", world.sandbox.address())).await;
    let settings = [("POLAR_SERVER", door.url.as_str())];
    let world = world.restart_with(&settings).await;
    read(&world).await;
    (world, door)
}

/// The licence of someone who bought Pro, once the gateway knows it: its key and id.
async fn sold(world: &World, door: &Door) -> (String, String) {
    buy(world, "Pro", "u_1").await;
    let keys = world.polar.raw("/v1/license-keys/").await.unwrap();
    let text = |name: &str| keys["items"][0][name].as_str().unwrap().to_owned();
    let (key, id) = (text("key"), text("id"));
    let path = format!("/v1/license-keys/{id}");
    world
        .until("the key was read", async || {
            let mirrored = world.get("/api/customers/u_1").await.ok();
            door.count(&path) > 0 && mirrored.to_string().contains("key_hash")
        })
        .await;
    (key, id)
}

async fn ask(world: &World, key: &str) -> Answer {
    world
        .post("/api/license/validate", json!({"license_key": key}))
        .await
}

async fn change(world: &World, id: &str, change: Value) {
    let path = format!("/v1/license-keys/{id}");
    let call = world.polar.raw(&path).method(Method::PATCH).json(&change);
    call.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_known_from_a_webhook_is_valid_at_once_while_polar_knows_it_not_yet() {
    let (world, door) = doored().await;
    door.stand(Stands::Unaware);
    let (key, _) = sold(&world, &door).await;
    let valid = ask(&world, &key).await.ok();
    assert_eq!(
        (&valid["valid"], &valid["source"]),
        (&json!(true), &json!("mirror"))
    );
    assert_eq!(valid["limit_activations"], 3);
    assert!(!valid.to_string().contains(&key), "{valid}");
    // Not fresh any more, so that Polar is asked, who should know by now.
    world.clock.advance(SignedDuration::from_secs(90));
    ask(&world, &key).await.ok();
    world
        .until("Polar was asked", async || door.count("/validate") > 0)
        .await;
    ask(&world, &key).await.ok();
    world.clock.advance(SignedDuration::from_mins(2));
    world
        .until("Polar is believed", async || {
            ask(&world, &key).await.body["state"] == "unknown"
        })
        .await;
    door.stand(Stands::Open);
    world.clock.advance(SignedDuration::from_secs(10));
    assert_eq!(ask(&world, &key).await.ok()["source"], "polar");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_key_is_valid_right_after_a_start_and_over_when_a_webhook_says_so() {
    let (world, door) = doored().await;
    let (key, _) = sold(&world, &door).await;
    door.stand(Stands::Failing);
    let world = world.restart().await;
    world.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(ask(&world, &key).await.ok()["source"], "stale");
    let mirrored = world.get("/api/customers/u_1").await.ok();
    let id = mirrored["subscriptions"][0]["id"].as_str().unwrap();
    let path = format!("/v1/subscriptions/{id}");
    world.polar.raw(&path).method(Method::DELETE).await.unwrap();
    world.settle().await;
    let over = ask(&world, &key).await;
    over.refused(400, "license_invalid");
    assert_eq!(over.body["state"], "revoked", "though Polar is away");
}

/// Polar goes on calling it granted where it is only read.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_had_passed_when_the_key_was_read_counts() {
    let (world, door) = doored().await;
    let (key, id) = sold(&world, &door).await;
    let ends = world.clock.now() + SignedDuration::from_hours(1);
    change(&world, &id, json!({"expires_at": ends.to_string()})).await;
    let lists = || {
        door.asked()
            .iter()
            .filter(|path| path.contains('?'))
            .count()
    };
    let before = lists();
    world.clock.advance(SignedDuration::from_hours(25));
    world
        .until("all keys are read again", async || lists() > before)
        .await;
    door.stand(Stands::Failing);
    world
        .until("what was read is known", async || {
            let over = ask(&world, &key).await;
            over.status == 400 && over.body["state"] == "expired"
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_switched_off_is_told_from_what_was_taken_back() {
    let (world, door) = doored().await;
    let (key, id) = sold(&world, &door).await;
    for (status, state) in [("disabled", "disabled"), ("revoked", "revoked")] {
        change(&world, &id, json!({"status": status})).await;
        world.settle().await;
        world.clock.advance(SignedDuration::from_mins(15));
        let answer = ask(&world, &key).await;
        answer.refused(400, "license_invalid");
        assert_eq!(answer.body["state"], state);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_licence_key_is_written_down() {
    let (world, door) = doored().await;
    let (key, _) = sold(&world, &door).await;
    let label = json!({"license_key": key, "label": "laptop"});
    let made = world.post("/api/license/activate", label).await.ok();
    for _ in 0..2 {
        ask(&world, &key).await.ok();
        let on_it = json!({"license_key": key, "activation_id": made["id"]});
        world.post("/api/license/validate", on_it).await.ok();
    }
    let metrics = world.get("/metrics").await;
    assert!(!metrics.body.to_string().contains(&key));
    let folder = world.folder().to_owned();
    let mut looked_at = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let found = bytes.windows(key.len()).any(|part| part == key.as_bytes());
        assert!(!found);
        looked_at += bytes.len();
    }
    assert!(looked_at > 0);
}
