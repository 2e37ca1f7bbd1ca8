//! Licences while Polar is away, slow or busy: what was valid stays so, what nobody knows is "cannot
//! tell", and nobody asks more than they must.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::door::{Door, Stands};
use crate::license::key;
use crate::world::World;

/// A gateway with a door before its Polar, and the licence of someone who bought Pro.
async fn licensed(further: &[(&str, &str)]) -> (World, Arc<Door>, String) {
    let world = World::begin().await;
    let key = key(&world).await;
    let door = Door::before(format!("http://{}", world.sandbox.address())).await;
    let settings = [&[("POLAR_SERVER", door.url.as_str())], further].concat();
    (world.restart_with(&settings).await, door, key)
}

async fn ask(world: &World, key: &str) -> Answer {
    validate(world, json!({"license_key": key})).await
}

async fn validate(world: &World, ask: Value) -> Answer {
    world.post("/api/license/validate", ask).await
}

fn cannot_tell(answer: &Answer) {
    answer.refused(503, "upstream_unavailable");
    assert_eq!(answer.body["state"], "unreachable");
    assert_eq!(answer.body.get("valid"), None, "nobody can tell");
    let wait: u64 = answer.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=61).contains(&wait), "{wait}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_makes_no_licence_invalid_and_is_over_when_it_ends() {
    let (world, door, key) = licensed(&[]).await;
    assert_eq!(ask(&world, &key).await.ok()["source"], "polar");
    for outage in [Stands::Failing, Stands::Limited, Stands::Silent] {
        door.stand(outage);
        for minute in 0..10 {
            world.clock.advance(SignedDuration::from_mins(1));
            let valid = ask(&world, &key).await.ok();
            assert_eq!(valid["valid"], true, "{outage:?} {minute}");
            assert!(valid["age_seconds"].as_i64().unwrap() >= 60, "{valid}");
        }
        cannot_tell(&ask(&world, "ACME-NEVER-SEEN").await);
        let counted = json!({"license_key": key, "increment_usage": 1});
        cannot_tell(&validate(&world, counted).await);
        door.stand(Stands::Open);
        world.clock.advance(SignedDuration::from_mins(1));
        ask(&world, "ACME-NEVER-SEEN")
            .await
            .refused(400, "license_invalid");
        world
            .until("Polar is asked again", async || {
                ask(&world, &key).await.ok()["age_seconds"] == 0
            })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_how_licences_stand_and_who_said_so() {
    let (world, door, key) = licensed(&[]).await;
    for _ in 0..3 {
        ask(&world, &key).await.ok();
    }
    ask(&world, "ACME-NEVER-SEEN").await;
    ask(&world, "").await.refused(400, "invalid_request");
    door.stand(Stands::Failing);
    cannot_tell(&ask(&world, "ACME-NEITHER").await);
    let metrics = world.get("/metrics").await.ok();
    let mut counted: Vec<_> = metrics
        .as_str()
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("polarkit_license_validations_total"))
        .collect();
    counted.sort_unstable();
    assert_eq!(
        counted,
        [
            r#"{state="granted",source="memory"} 2"#,
            r#"{state="granted",source="polar"} 1"#,
            r#"{state="unknown",source="polar"} 1"#,
            r#"{state="unreachable",source="nobody"} 1"#,
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_valid_stays_so_for_a_day_and_no_longer() {
    let (world, door, key) = licensed(&[]).await;
    ask(&world, &key).await.ok();
    door.stand(Stands::Failing);
    world.clock.advance(SignedDuration::from_hours(23));
    let valid = ask(&world, &key).await;
    assert_eq!(valid.headers["cache-control"], "no-store");
    assert_eq!(
        valid.headers["age"],
        valid.body["age_seconds"].to_string().as_str()
    );
    assert_eq!(valid.ok()["source"], "stale");
    world.clock.advance(SignedDuration::from_hours(1));
    cannot_tell(&ask(&world, &key).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_who_ask_the_same_at_once_are_one_call() {
    let (world, door, key) = licensed(&[]).await;
    let answers = join_all((0..100).map(|_| ask(&world, &key))).await;
    assert!(answers.iter().all(|answer| answer.body["valid"] == true));
    assert_eq!(door.count("/validate"), 1, "{:?}", door.asked());
    // Fresh for a minute.
    world.clock.advance(SignedDuration::from_secs(59));
    assert_eq!(ask(&world, &key).await.ok()["source"], "memory");
    assert_eq!(door.count("/validate"), 1);
    // Then it is still answered at once, and Polar is asked behind it.
    world.clock.advance(SignedDuration::from_secs(2));
    let aging = ask(&world, &key).await.ok();
    assert_eq!(
        (&aging["source"], &aging["age_seconds"]),
        (&json!("memory"), &json!(61))
    );
    world
        .until("it is asked about anew", async || {
            ask(&world, &key).await.ok()["age_seconds"] == 0
        })
        .await;
    assert_eq!(door.count("/validate"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_counts_or_compares_is_never_answered_from_memory() {
    let (world, door, key) = licensed(&[]).await;
    let label = json!({"license_key": key, "label": "laptop", "conditions": {"os": "linux"}});
    let made = world.post("/api/license/activate", label).await.ok();
    let good = json!({
        "license_key": key, "activation_id": made["id"], "conditions": {"os": "linux"},
    });
    for times in 1..=3 {
        assert_eq!(validate(&world, good.clone()).await.ok()["source"], "polar");
        assert_eq!(door.count("/validate"), times);
    }
    let other = json!({"license_key": key, "activation_id": made["id"], "conditions": {"os": "x"}});
    let refused = validate(&world, other).await;
    assert_eq!(refused.body["state"], "conditions_differ");
    let counted = json!({"license_key": key, "increment_usage": 1});
    for times in 5..=6 {
        assert_eq!(
            validate(&world, counted.clone()).await.ok()["usage"],
            times - 4
        );
        assert_eq!(door.count("/validate"), times);
    }
    door.stand(Stands::Silent);
    let impatient = tokio::time::timeout(Duration::from_millis(300), validate(&world, good));
    assert!(impatient.await.is_err(), "nobody else may answer it");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateways_token_is_used_where_it_may_and_learned_anew_where_it_may_not() {
    let (world, door, key) = licensed(&[]).await;
    ask(&world, &key).await.ok();
    assert_eq!(door.asked(), ["/v1/license-keys/validate"]);
    let limited = world.credentials.limited_access_token.clone();
    let world = world
        .restart_with(&[("POLAR_ACCESS_TOKEN", &limited)])
        .await;
    let own = || door.count("/v1/license-keys/validate");
    let open = || door.count("/v1/customer-portal/license-keys/validate");
    for number in 1..=3 {
        ask(&world, &format!("ACME-{number}"))
            .await
            .refused(400, "license_invalid");
        assert_eq!((own(), open()), (2, number));
    }
    world.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(ask(&world, &key).await.ok()["valid"], true);
    assert_eq!((own(), open()), (3, 4));
}

/// Nobody's licence is unknown because some server between answers 404.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_the_tokens_route_is_asked_by_the_open_one() {
    let (world, door, key) = licensed(&[]).await;
    door.stand(Stands::Partial);
    for number in 1..=2 {
        assert_eq!(ask(&world, &key).await.ok()["valid"], true);
        ask(&world, &format!("ACME-{number}"))
            .await
            .refused(400, "license_invalid");
    }
    assert_eq!(door.count("/v1/license-keys/validate"), 1);
    assert_eq!(door.count("/v1/customer-portal/license-keys/validate"), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_that_ended_is_not_valid_at_once() {
    let (world, _door, key) = licensed(&[]).await;
    ask(&world, &key).await.ok();
    let label = json!({"license_key": key, "label": "laptop"});
    let made = world.post("/api/license/activate", label).await.ok();
    let on_it = json!({"license_key": key, "activation_id": made["id"]});
    for source in ["polar", "memory"] {
        assert_eq!(validate(&world, on_it.clone()).await.ok()["source"], source);
    }
    world
        .post("/api/license/deactivate", on_it.clone())
        .await
        .ok();
    ask(&world, &key).await.ok();
    let ended = validate(&world, on_it).await;
    ended.refused(400, "license_invalid");
    assert_eq!(ended.body["state"], "activation_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_licence_ends_by_the_clock_also_while_polar_is_away() {
    let (world, door, key) = licensed(&[]).await;
    let keys = world.polar.raw("/v1/license-keys/").await.unwrap();
    let id = keys["items"][0]["id"].as_str().unwrap();
    let ends = jiff::Timestamp::from_second(1_800_000_000 + 3_600).unwrap();
    let change = json!({"expires_at": ends.to_string()});
    let path = format!("/v1/license-keys/{id}");
    let call = world.polar.raw(&path).method(reqwest::Method::PATCH);
    call.json(&change).await.unwrap();
    assert_eq!(ask(&world, &key).await.ok()["expires_at"], json!(ends));
    door.stand(Stands::Failing);
    world.clock.advance(SignedDuration::from_mins(59));
    assert_eq!(ask(&world, &key).await.ok()["source"], "stale");
    world.clock.advance(SignedDuration::from_mins(1));
    let over = ask(&world, &key).await;
    over.refused(400, "license_invalid");
    assert_eq!(
        (&over.body["valid"], &over.body["state"]),
        (&json!(false), &json!("expired"))
    );
}
