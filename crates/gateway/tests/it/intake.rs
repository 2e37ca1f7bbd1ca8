//! What may come in, and what may not.

use jiff::SignedDuration;
use polarkit::webhooks::Scheme;
use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::event::{Delivery, PRODUCT, deliver, event, subscription};
use crate::world::{NEWER_SECRET, World};

fn active() -> Value {
    event("subscription.active", 5, subscription("active", 4))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_delivery_is_stored_and_answered_to_the_letter() {
    let world = World::begin().await;
    let answer = Delivery::of(&world, "msg_1", &active()).send(&world).await;
    assert_eq!(
        (answer.status.as_u16(), answer.body),
        (200, json!({"status": "processed"}))
    );
    world.projected().await;
    let stored = world
        .gateway
        .store()
        .inbox_body("msg_1")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored, active().to_string().into_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_delivery_is_welcome_and_changes_nothing() {
    let world = World::begin().await;
    let first = Delivery::of(&world, "msg_1", &active());
    assert_eq!(first.send(&world).await.status, 200);
    world.projected().await;
    let mut later = first.clone();
    later.body = event("subscription.revoked", 9, subscription("canceled", 9))
        .to_string()
        .into();
    assert_eq!(later.send(&world).await.status, 200);
    world.projected().await;
    let check = world
        .get(&format!("/api/entitlements/u_1/check?product={PRODUCT}"))
        .await
        .ok();
    assert_eq!(
        check["allowed"], true,
        "the id was known: its second body is nobody's news"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn either_key_of_any_secret_verifies() {
    let world = World::begin().await;
    let whole = Delivery::of(&world, "whole", &active());
    assert_eq!(whole.send(&world).await.status, 200);
    let mut decoded = Delivery::of(&world, "decoded", &active());
    NEWER_SECRET.clone_into(&mut decoded.secret);
    decoded.scheme = Scheme::Decoded;
    assert_eq!(decoded.send(&world).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_signature_is_403_in_the_guides_words() {
    let world = World::begin().await;
    let mut forged = Delivery::of(&world, "msg_1", &active());
    "whsec_somebody_elses".clone_into(&mut forged.secret);
    let answer = forged.send(&world).await;
    assert_eq!(
        answer.refused(403, "webhook_signature"),
        "Invalid webhook signature"
    );
    assert_eq!(answer.body["kind"], "webhook_verification_error");
    let mut changed = Delivery::of(&world, "msg_2", &active());
    changed.headers = vec![("webhook-id", "msg_3".to_owned())];
    changed.send(&world).await.refused(403, "webhook_signature");
    assert_eq!(
        world.gateway.store().inbox_backlog().await.unwrap().pending,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_signatures_is_enough() {
    let world = World::begin().await;
    let mut delivery = Delivery::of(&world, "msg_1", &active());
    let good = polarkit::webhooks::sign(
        &delivery.secret.as_str().into(),
        Scheme::WholeSecret,
        "msg_1",
        delivery.sent_at,
        &delivery.body,
    )
    .unwrap();
    delivery.headers = vec![("webhook-signature", format!("v1,AAAA v2,zzz {good}"))];
    assert_eq!(delivery.send(&world).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_delivery_is_refused() {
    let world = World::begin().await;
    for away in [-301, 301] {
        let mut stale = Delivery::of(&world, "msg_1", &active());
        stale.sent_at = stale
            .sent_at
            .checked_add(SignedDuration::from_secs(away))
            .unwrap();
        stale.send(&world).await.refused(403, "webhook_signature");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_with_a_wrong_clock_asks_polar_the_time() {
    let world = World::begin().await;
    world
        .sandbox
        .advance(SignedDuration::from_hours(24 * 31))
        .await
        .unwrap();
    let mut delivery = Delivery::of(&world, "msg_1", &active());
    delivery.sent_at = world.sandbox.now();
    assert_eq!(delivery.send(&world).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_headers_are_400_and_named() {
    let world = World::begin().await;
    let spoilt = [
        ("webhook-id", ""),
        ("webhook-timestamp", ""),
        ("webhook-timestamp", "yesterday"),
        ("webhook-timestamp", "99999999999999999999"),
        ("webhook-signature", ""),
        ("webhook-signature", "not a signature"),
    ];
    for (name, value) in spoilt {
        let mut delivery = Delivery::of(&world, "msg_1", &active());
        delivery.headers = vec![(name, value.to_owned())];
        let answer = delivery.send(&world).await;
        assert!(
            answer.refused(400, "webhook_headers").contains(name),
            "{answer:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_mebibyte_is_413() {
    let world = World::begin().await;
    let large = Delivery::raw(&world, "large", vec![b' '; (1 << 20) + 1]);
    large.send(&world).await.refused(413, "too_large");
    let fitting = Delivery::raw(&world, "fitting", vec![b' '; 1 << 20]);
    assert_eq!(fitting.send(&world).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_comes_in_chunks_is_counted_too() {
    let world = World::begin().await;
    let chunks = (0..20).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1 << 16]));
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let call = world
        .request(Method::POST, "/webhook/polar")
        .header("webhook-id", "msg_1")
        .header("webhook-timestamp", "1800000000")
        .header("webhook-signature", "v1,AAAA")
        .body(body);
    Answer::of(call.send().await.unwrap())
        .await
        .refused(413, "too_large");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_type_is_kept_and_projected_without_a_word() {
    let world = World::begin().await;
    let newer = event("subscription.migrated", 5, subscription("active", 4));
    let unheard = event("planet.discovered", 5, json!({"id": "x", "new": [1, 2]}));
    deliver(&world, &[newer, unheard]).await;
    let done = world.get("/api/inbox").await.ok();
    let kinds: Vec<&str> = done["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["planet.discovered", "subscription.migrated"]);
    assert_eq!(
        world.get("/api/dead-letters").await.ok()["webhooks"],
        json!([])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_a_dead_letter_and_holds_nobody_back() {
    let world = World::begin().await;
    let bodies: [&[u8]; 4] = [
        b"not json",
        br#"{"type":"order.paid"}"#,
        br#"{"type":"order.paid","timestamp":"2027-01-15T08:00:00Z","data":{"id":null}}"#,
        br#"{"type":"order\u0000","timestamp":"2027-01-15T08:00:00Z","data":7}"#,
    ];
    for (number, body) in bodies.into_iter().enumerate() {
        let delivery = Delivery::raw(&world, &format!("poison_{number}"), body.to_vec());
        assert_eq!(
            delivery.send(&world).await.status,
            200,
            "a retry could not mend it"
        );
    }
    deliver(&world, &[active()]).await;
    let check = world
        .get(&format!("/api/entitlements/u_1/check?product={PRODUCT}"))
        .await
        .ok();
    assert_eq!(check["allowed"], true);
    let dead = world.get("/api/dead-letters").await.ok();
    assert_eq!(dead["webhooks"].as_array().unwrap().len(), 3, "{dead}");
    assert!(dead["webhooks"][0]["error"].as_str().unwrap().len() > 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_can_be_replayed() {
    let world = World::begin().await;
    let poison = Delivery::raw(&world, "poison", b"not json".to_vec());
    poison.send(&world).await.ok();
    world.projected().await;
    world
        .post("/api/dead-letters/poison/replay", json!({}))
        .await
        .ok();
    world.projected().await;
    let dead = world.get("/api/dead-letters").await.ok();
    assert_eq!(dead["webhooks"][0]["tries"], 1, "tried anew: {dead}");
    world
        .post("/api/dead-letters/none/replay", json!({}))
        .await
        .refused(404, "not_found");
    world
        .post("/api/inbox/none/replay", json!({}))
        .await
        .refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_shown_as_it_came() {
    let world = World::begin().await;
    let told = "{\"type\": \"moon.landed\",  \"timestamp\": \"2027-01-15T08:00:00Z\", \"data\": {\"n\": 1.50}}";
    let sent = Delivery::raw(&world, "as-it-came", told.as_bytes().to_vec());
    sent.send(&world).await.ok();
    let noise = Delivery::raw(&world, "no-text", vec![0xff, 0x00]);
    noise.send(&world).await.ok();
    world.projected().await;
    let shown = world.get("/api/inbox/as-it-came").await.ok();
    assert_eq!(shown["body"], told);
    assert_eq!(
        (&shown["type"], &shown["status"]),
        (&json!("moon.landed"), &json!("done"))
    );
    assert!(shown["sent_at"].is_string() && shown["headers"]["webhook-timestamp"].is_string());
    assert!(!shown.to_string().contains("v1,"), "no signature");
    let shown = world.get("/api/inbox/no-text").await.ok();
    assert_eq!(
        (&shown["body"], &shown["body_base64"]),
        (&Value::Null, &json!("/wA="))
    );
    let none = world.get("/api/inbox/none").await;
    none.refused(404, "not_found");
    let anonymous = world.request(Method::GET, "/api/inbox/as-it-came");
    let answer = Answer::of(anonymous.send().await.unwrap()).await;
    answer.refused(401, "unauthenticated");
}

/// What a fault of ours left undone is done once the fault is mended.
async fn replayed_by_what_fits(database: &[(&str, &str)]) {
    let world = World::with(database).await;
    for (number, kind) in ["order.paid", "order.paid", "product.updated"]
        .iter()
        .enumerate()
    {
        let body = format!(
            r#"{{"type":"{kind}","timestamp":"2027-01-15T08:00:00Z","data":{{"id":null}}}}"#
        );
        let delivery = Delivery::raw(&world, &format!("poison_{number}"), body.into_bytes());
        delivery.send(&world).await.ok();
    }
    deliver(&world, &[active()]).await;
    let replay = async |ask: Value| world.post("/api/inbox/replay", ask).await;
    assert_eq!(
        replay(json!({"type": "order.paid"})).await.ok()["queued"],
        2
    );
    world.projected().await;
    assert_eq!(replay(json!({})).await.ok()["queued"], 3, "dead again");
    world.projected().await;
    assert_eq!(
        replay(json!({"from": "2199-01-01T00:00:00Z"})).await.ok()["queued"],
        0
    );
    let customer = json!({"status": "done", "customer_id": crate::event::CUSTOMER});
    assert_eq!(replay(customer).await.ok()["queued"], 1);
    world.projected().await;
    let check = format!("/api/entitlements/u_1/check?product={PRODUCT}");
    assert_eq!(world.get(&check).await.ok()["allowed"], true);
    for wrong in [
        json!({"status": "pending"}),
        json!({"from": "2027-01-02T00:00:00Z", "to": "2027-01-01T00:00:00Z"}),
        json!({"kind": "order.paid"}),
    ] {
        replay(wrong).await.refused(400, "invalid_request");
    }
    world.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_replayed_by_what_fits() {
    replayed_by_what_fits(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_replayed_by_what_fits_on_postgresql() {
    let server = crate::world::postgres().await;
    replayed_by_what_fits(&[("DATABASE_URL", &server)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_restart_is_projected_after_it() {
    let world = World::begin().await;
    deliver(&world, &[active()]).await;
    let world = world.restart().await;
    let check = world
        .get(&format!("/api/entitlements/u_1/check?product={PRODUCT}"))
        .await
        .ok();
    assert_eq!(check["allowed"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_deliveries_does_not_keep_the_first_from_being_projected() {
    let world = World::begin().await;
    assert_eq!(
        Delivery::of(&world, "first", &active())
            .send(&world)
            .await
            .status,
        200
    );
    let check = format!("/api/entitlements/u_1/check?product={PRODUCT}");
    let storm = (0..32).map(async |sender| {
        // Far more than could come in before a projection that takes its turn.
        for number in 0..1_000 {
            let unheard = event("planet.discovered", 5, json!({"id": "x"}));
            let id = format!("storm_{sender}_{number}");
            let answer = Delivery::of(&world, &id, &unheard).send(&world).await;
            assert_eq!(answer.status, 200);
            if number % 8 == 0 && world.get(&check).await.ok()["allowed"] == true {
                return true;
            }
        }
        false
    });
    let seen = futures_util::future::join_all(storm).await;
    assert!(seen.into_iter().all(|seen| seen));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_asks_polar_to_come_back() {
    let world = World::begin().await;
    let delivery = Delivery::of(&world, "msg_1", &active());
    world.gateway.store().close().await;
    let answer = delivery.send(&world).await;
    assert_eq!(
        answer.refused(503, "overloaded"),
        "Webhook processing failed"
    );
    assert!(
        answer.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse::<u32>()
            .unwrap()
            > 0
    );
}
