//! Licences.

use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::buy;
use crate::world::World;

/// The licence of someone who bought Pro.
pub(crate) async fn key(world: &World) -> String {
    buy(world, "Pro", "u_1").await;
    let keys = world.polar.raw("/v1/license-keys/").await.unwrap();
    keys["items"][0]["key"].as_str().unwrap().to_owned()
}

async fn validate(world: &World, ask: Value) -> crate::answer::Answer {
    world.post_anonymously("/api/license/validate", ask).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_valid_licence_tells_nothing_about_its_holder() {
    let world = World::begin().await;
    let key = key(&world).await;
    let valid = validate(&world, json!({"license_key": key, "increment_usage": null}))
        .await
        .ok();
    assert_eq!(valid["status"], "granted");
    assert_eq!(
        (&valid["valid"], &valid["state"]),
        (&json!(true), &json!("granted"))
    );
    assert_eq!(valid["source"], "polar");
    assert_eq!(valid["limit_activations"], 3);
    assert!(valid["display_key"].as_str().unwrap().starts_with("****-"));
    let text = valid.to_string();
    for private in [key.as_str(), "jane@example.com", "Jane Doe", "customer"] {
        assert!(!text.contains(private), "{private} in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_licence_is_400_and_a_malformed_request_too() {
    let world = World::begin().await;
    let answer = validate(&world, json!({"license_key": "ACME-NOT-A-KEY"})).await;
    assert_eq!(
        answer.refused(400, "license_invalid"),
        "The licence key is not valid"
    );
    assert_eq!(
        (&answer.body["valid"], &answer.body["state"]),
        (&json!(false), &json!("unknown"))
    );
    for (ask, field) in [
        (json!({}), "license_key"),
        (json!({"license_key": ""}), "license_key"),
        (json!({"license_key": 5}), "license_key"),
        (json!({"license_key": "x".repeat(300)}), "license_key"),
        (
            json!({"license_key": "K", "activation_id": "x"}),
            "activation_id",
        ),
        (
            json!({"license_key": "K", "increment_usage": -1}),
            "increment_usage",
        ),
        (
            json!({"license_key": "K", "increment_usage": "1"}),
            "increment_usage",
        ),
        (json!({"license_key": "K", "conditions": []}), "conditions"),
    ] {
        let answer = validate(&world, ask).await;
        assert!(
            answer.refused(400, "invalid_request").contains(field),
            "{answer:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_is_counted_by_polar_every_time() {
    let world = World::begin().await;
    let key = key(&world).await;
    for expected in [2, 4] {
        let ask = json!({"license_key": key, "increment_usage": 2});
        assert_eq!(validate(&world, ask).await.ok()["usage"], expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_is_made_validated_and_ended() {
    let world = World::begin().await;
    let key = key(&world).await;
    let ask = json!({"license_key": key, "label": "laptop", "conditions": {"os": "linux"}});
    let made = world
        .post_anonymously("/api/license/activate", ask)
        .await
        .ok();
    assert_eq!(made["label"], "laptop");
    let id = &made["id"];
    let good = json!({"license_key": key, "activation_id": id, "conditions": {"os": "linux"}});
    assert_eq!(
        validate(&world, good.clone()).await.ok()["activation"]["label"],
        "laptop"
    );
    let other = json!({"license_key": key, "activation_id": id, "conditions": {"os": "plan9"}});
    validate(&world, other)
        .await
        .refused(400, "license_invalid");
    let end = json!({"license_key": key, "activation_id": id});
    let ended = world
        .post_anonymously("/api/license/deactivate", end)
        .await
        .ok();
    assert_eq!(ended, json!({"status": "deactivated"}));
    validate(&world, good).await.refused(400, "license_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_activations_than_allowed() {
    let world = World::begin().await;
    let key = key(&world).await;
    let activate = async || {
        let ask = json!({"license_key": key, "label": "seat"});
        world.post_anonymously("/api/license/activate", ask).await
    };
    for _ in 0..3 {
        activate().await.ok();
    }
    activate().await.refused(400, "license_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_licence_is_noticed_by_its_webhook_not_by_its_age() {
    let world = World::begin().await;
    let key = key(&world).await;
    validate(&world, json!({"license_key": key})).await.ok();
    let mirrored = world.get("/api/customers/u_1").await.ok();
    let id = mirrored["subscriptions"][0]["id"].as_str().unwrap();
    world
        .polar
        .raw(&format!("/v1/subscriptions/{id}"))
        .method(Method::DELETE)
        .await
        .unwrap();
    world.settle().await;
    validate(&world, json!({"license_key": key}))
        .await
        .refused(400, "license_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn anyone_may_ask_but_not_without_end() {
    let world = World::with(&[("POLARKIT_ANONYMOUS_PER_MINUTE", "3")]).await;
    for _ in 0..3 {
        validate(&world, json!({"license_key": "K"}))
            .await
            .refused(400, "license_invalid");
    }
    let answer = validate(&world, json!({"license_key": "K"})).await;
    answer.refused(429, "rate_limited");
    assert_eq!(answer.body["kind"], "rate_limit_error");
    let wait: i64 = answer.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(wait, 60, "by a clock that stands still");
    for _ in 0..5 {
        validate(&world, json!({"license_key": "K"}))
            .await
            .refused(429, "rate_limited");
    }
    world.clock.advance(jiff::SignedDuration::from_secs(wait));
    let answer = validate(&world, json!({"license_key": "K"})).await;
    answer.refused(400, "license_invalid");
    let server = world
        .post("/api/license/validate", json!({"license_key": "K"}))
        .await;
    server.refused(400, "license_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn licences_can_be_closed_to_strangers() {
    let world = World::with(&[("POLARKIT_OPEN_LICENSES", "false")]).await;
    for path in ["validate", "activate", "deactivate"] {
        let ask = json!({
            "license_key": "K", "label": "x",
            "activation_id": "00000000-0000-4000-8000-000000000000",
        });
        let answer = world
            .post_anonymously(&format!("/api/license/{path}"), ask)
            .await;
        answer.refused(401, "unauthenticated");
        let call = world.request(Method::POST, &format!("/api/license/{path}"));
        let garbage = call.body("{not json").send().await.unwrap();
        assert_eq!(garbage.status(), 401, "nothing is read of a stranger's");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_writes_before_the_proxy_is_not_their_address() {
    let world = World::with(&[
        ("POLARKIT_ANONYMOUS_PER_MINUTE", "1"),
        ("POLARKIT_TRUST_FORWARDED_FOR", "true"),
    ])
    .await;
    let ask = async |claimed: &str, seen: &str| {
        let call = world
            .request(Method::POST, "/api/license/validate")
            .json(&json!({"license_key": "K"}))
            .header("x-forwarded-for", claimed)
            .header("x-forwarded-for", seen);
        call.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask("192.0.2.1", "198.51.100.7").await, 400);
    assert_eq!(ask("192.0.2.2", "198.51.100.7").await, 429);
    // A household has one network, and more addresses in it than can be counted.
    assert_eq!(ask("192.0.2.1", "2001:db8:1:2::1").await, 400);
    assert_eq!(ask("192.0.2.1", "2001:db8:1:2:3::9").await, 429);
    assert_eq!(ask("192.0.2.1", "2001:db8:1:3::1").await, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_that_does_not_exist_says_nothing_of_the_key() {
    let world = World::begin().await;
    let key = key(&world).await;
    let nobodys = json!({
        "license_key": key, "activation_id": "00000000-0000-0000-0000-000000000000",
    });
    validate(&world, nobodys.clone())
        .await
        .refused(400, "license_invalid");
    validate(&world, json!({"license_key": key})).await.ok();
    validate(&world, nobodys)
        .await
        .refused(400, "license_invalid");
}
