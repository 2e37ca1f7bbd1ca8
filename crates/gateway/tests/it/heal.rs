//! What webhooks did not tell, reading Polar back finds and puts right.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::event::Delivery;
use crate::polar::{agrees, buy, deliver, list, patch, said, subscription, truth};
use crate::shop::product;
use crate::world::{World, postgres};

const HEALING: (&str, &str) = ("POLARKIT_RECONCILE", "true");

/// Whether every list was read to its end, and none is being read.
async fn is_read(world: &World) -> bool {
    let status = world.get("/api/reconcile").await.ok();
    let idle = |list: &Value| list["reading"] == false;
    status["backfilled"] == true && status["lists"].as_array().unwrap().iter().all(idle)
}

pub(crate) async fn read(world: &World) {
    world
        .until("every list is read", async || is_read(world).await)
        .await;
}

async fn reconcile(world: &World, ask: Value) {
    world.clock.advance(SignedDuration::from_mins(5));
    let answer = world.post("/api/reconcile", ask).await;
    assert_eq!(answer.status, 202, "{answer:?}");
}

async fn drift(world: &World) -> Vec<Value> {
    let drift = world.get("/api/drift").await.ok();
    drift["items"].as_array().unwrap().clone()
}

async fn backfill(database: &[(&str, &str)]) {
    let settings: Vec<_> = database.iter().copied().chain([HEALING]).collect();
    let world = World::with(&settings).await;
    deliver(&world.polar, false).await;
    buy(&world.polar, &world.sandbox, "Pro", "u_1").await;
    buy(&world.polar, &world.sandbox, "Handbook", "u_2").await;
    reconcile(&world, json!({})).await;
    agrees(&world).await;
    read(&world).await;
    let mirrored = world.get("/api/customers/u_1").await.ok();
    assert_eq!(mirrored["subscriptions"][0]["status"], "active");
    assert_eq!(mirrored["orders"].as_array().unwrap().len(), 1);
    let metrics = world.get("/metrics").await.ok();
    let metrics = metrics.as_str().unwrap();
    assert!(metrics.contains("polarkit_reconcile_age_seconds{list=\"order\"}"));
    world.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_before_is_read() {
    backfill(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_before_is_read_into_postgresql() {
    let server = postgres().await;
    backfill(&[("DATABASE_URL", &server)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_reading_is_no_drift_and_a_second_finds_nothing() {
    let world = World::with(&[HEALING]).await;
    buy(&world.polar, &world.sandbox, "Pro", "u_1").await;
    world.projected().await;
    agrees(&world).await;
    read(&world).await;
    for _ in 0..2 {
        reconcile(&world, json!({})).await;
        read(&world).await;
    }
    assert_eq!(drift(&world).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_revocation_is_repaired() {
    let world = World::with(&[HEALING]).await;
    buy(&world.polar, &world.sandbox, "Pro", "u_1").await;
    agrees(&world).await;
    read(&world).await;
    deliver(&world.polar, false).await;
    let id = subscription(&world.polar, "u_1").await;
    let path = format!("/v1/subscriptions/{id}");
    patch(&world.polar, &path, &json!({"revoke": true})).await;
    world.sandbox.settle().await.unwrap();
    agrees(&world).await;
    assert!(truth(&world.polar).await["u_1"].is_empty());
    world
        .until("the subscription is told as lost", async || {
            world.clock.advance(SignedDuration::from_secs(10));
            let drift = drift(&world).await;
            let of_subscription = drift.iter().find(|one| one["id"] == id.as_str());
            of_subscription.is_some_and(|one| {
                let fields = one["fields"].as_array().unwrap();
                one["what"] == "changed" && fields.contains(&json!("status"))
            })
        })
        .await;
    let mirrored = world.get("/api/customers/u_1").await.ok();
    assert_eq!(mirrored["subscriptions"][0]["status"], "canceled");
    let metrics = world.get("/metrics").await.ok();
    let metrics = metrics.as_str().unwrap();
    assert!(metrics.contains("polarkit_drift_total{kind=\"subscription\",what=\"changed\"} 1"));
    assert!(metrics.contains("polarkit_untold_changes_total"));
}

/// All else was told, also that the order was made, in the very second it was paid.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_payment_is_found_although_its_order_was_told_a_moment_before() {
    let world = World::with(&[HEALING]).await;
    read(&world).await;
    deliver(&world.polar, false).await;
    buy(&world.polar, &world.sandbox, "Handbook", "u_1").await;
    world.sandbox.settle().await.unwrap();
    for (kind, path) in [
        ("customer.created", "/v1/customers/"),
        ("order.created", "/v1/orders/"),
        ("benefit_grant.created", "/v1/benefit-grants/"),
    ] {
        for mut data in list(&world.polar, path).await {
            if kind == "order.created" {
                (data["status"], data["paid"]) = (json!("pending"), json!(false));
            }
            let id = data["id"].as_str().unwrap().to_owned();
            let event = json!({"type": kind, "timestamp": world.sandbox.now(), "data": data});
            Delivery::of(&world, &id, &event).send(&world).await.ok();
        }
    }
    world.projected().await;
    let status = async || {
        let mirrored = world.get("/api/customers/u_1").await.ok();
        mirrored["orders"][0]["status"].clone()
    };
    assert_eq!(status().await, "pending");
    world
        .until("it is paid, long before all is read again", async || {
            world.clock.advance(SignedDuration::from_secs(10));
            status().await == "paid"
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_contents_of_one_version_are_settled_by_polar() {
    let world = World::with(&[HEALING]).await;
    buy(&world.polar, &world.sandbox, "Pro", "u_1").await;
    agrees(&world).await;
    read(&world).await;
    let product = product(&world.polar, "Pro").await;
    let question = format!("/api/entitlements/u_1/check?product={product}");
    let mut other = list(&world.polar, "/v1/subscriptions/").await.remove(0);
    other["status"] = json!("canceled");
    let event = json!({
        "type": "subscription.updated", "timestamp": world.sandbox.now(), "data": other,
    });
    Delivery::of(&world, "other", &event)
        .send(&world)
        .await
        .ok();
    world
        .until("it is believed", async || {
            world.get(&question).await.ok()["allowed"] == false
        })
        .await;
    world
        .until("Polar settled it", async || {
            world.clock.advance(SignedDuration::from_secs(1));
            world.get(&question).await.ok()["allowed"] == true
        })
        .await;
    world
        .until("the doubt is gone", async || {
            world.clock.advance(SignedDuration::from_secs(1));
            world.get("/api/reconcile").await.ok()["doubts"] == 0
        })
        .await;
    let mirrored = world.get("/api/customers/u_1").await.ok();
    assert_eq!(mirrored["subscriptions"][0]["status"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_read_never_overwrites_a_newer_webhook() {
    let world = World::with(&[HEALING]).await;
    buy(&world.polar, &world.sandbox, "Handbook", "u_1").await;
    agrees(&world).await;
    read(&world).await;
    let mut newer = list(&world.polar, "/v1/orders/").await.remove(0);
    let hour = SignedDuration::from_hours(1);
    newer["status"] = json!("refunded");
    newer["modified_at"] = json!(world.sandbox.now() + hour);
    let event = json!({
        "type": "order.refunded", "timestamp": world.sandbox.now() + hour, "data": newer,
    });
    Delivery::of(&world, "newer", &event)
        .send(&world)
        .await
        .ok();
    world.projected().await;
    reconcile(&world, json!({})).await;
    read(&world).await;
    reconcile(&world, json!({"external_customer_id": "u_1"})).await;
    world
        .until("the customer is read", async || {
            world.get("/api/reconcile").await.ok()["doubts"] == 0
        })
        .await;
    let mirrored = world.get("/api/customers/u_1").await.ok();
    assert_eq!(mirrored["orders"][0]["status"], "refunded");
    assert_eq!(drift(&world).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_deleted_unheard_loses_everything() {
    let world = World::with(&[HEALING]).await;
    buy(&world.polar, &world.sandbox, "Pro", "u_1").await;
    buy(&world.polar, &world.sandbox, "Pro", "u_2").await;
    agrees(&world).await;
    read(&world).await;
    deliver(&world.polar, false).await;
    let path = "/v1/customers/external/u_1";
    let call = world.polar.raw(path).method(reqwest::Method::DELETE);
    call.await.unwrap();
    world.sandbox.settle().await.unwrap();
    let all = ["u_1".to_owned(), "u_2".to_owned()];
    assert!(!said(&world, all.iter()).await["u_1"].is_empty());
    reconcile(&world, json!({})).await;
    world
        .until("nothing is left", async || {
            world.clock.advance(SignedDuration::from_secs(10));
            said(&world, all.iter()).await["u_1"].is_empty()
        })
        .await;
    agrees(&world).await;
    assert!(!said(&world, all.iter()).await["u_2"].is_empty());
    let gone = |one: &Value| one["kind"] == "customer" && one["what"] == "gone";
    assert!(drift(&world).await.iter().any(gone));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_is_broken_off_goes_on_where_it_was() {
    let slowly = ("POLARKIT_RECONCILE_PER_MINUTE", "600");
    let world = World::with(&[slowly]).await;
    for number in 0..130 {
        let email = format!("c{number}@example.com");
        let body = json!({"email": email, "external_id": format!("c_{number}")});
        crate::polar::post(&world.polar, "/v1/customers/", &body).await;
    }
    world.settle().await;
    let lists = async |world: &World, name: &str| {
        let status = world.get("/api/reconcile").await.ok();
        let lists = status["lists"].as_array().unwrap().clone();
        let found = lists.into_iter().find(|list| list["list"] == name);
        found.unwrap_or_default()
    };
    let world = world.reset(&[HEALING]).await;
    world
        .until("the second page of customers is next", async || {
            lists(&world, "customer").await["objects"] == 100
        })
        .await;
    let products = lists(&world, "product").await;
    assert!(products["complete_as_of"].is_string());
    let world = world.restart().await;
    world
        .until("every list is read", async || is_read(&world).await)
        .await;
    assert_eq!(
        lists(&world, "product").await["complete_as_of"],
        products["complete_as_of"]
    );
    assert_eq!(lists(&world, "customer").await["objects"], 130);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_never_taken_for_the_end_of_a_list() {
    let world = World::with(&[]).await;
    let limited = world.credentials.limited_access_token.clone();
    let world = world
        .reset(&[HEALING, ("POLAR_ACCESS_TOKEN", &limited)])
        .await;
    world
        .until("a list is refused", async || {
            let status = world.get("/api/reconcile").await.ok();
            let lists = status["lists"].as_array().unwrap().clone();
            let refused = |list: &Value| list["list"] == "order" && list["error"].is_string();
            lists.iter().any(refused)
        })
        .await;
    let status = world.get("/api/reconcile").await.ok();
    assert_eq!(status["backfilled"], false);
    for list in status["lists"].as_array().unwrap() {
        let complete = list["complete_as_of"].is_string();
        let may = matches!(list["list"].as_str(), Some("product" | "event"));
        assert_eq!(complete, may, "{list}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_has_polar_read_back() {
    let world = World::with(&[]).await;
    let answer = world.post("/api/reconcile", json!({})).await;
    answer.refused(409, "conflict");
    let anonymous = world.post_anonymously("/api/reconcile", json!({})).await;
    anonymous.refused(401, "unauthenticated");
    let world = world.reset(&[HEALING]).await;
    let unknown = json!({"external_customer_id": "nobody"});
    let answer = world.post("/api/reconcile", unknown).await;
    answer.refused(404, "not_found");
    let both = json!({"external_customer_id": "a", "customer_id": "b"});
    let answer = world.post("/api/reconcile", both).await;
    answer.refused(400, "invalid_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_denied_on_old_news_before_polar_was_asked() {
    let rarely = ("POLARKIT_RECONCILE_MINUTES", "1000");
    let world = World::with(&[HEALING, rarely]).await;
    read(&world).await;
    deliver(&world.polar, false).await;
    buy(&world.polar, &world.sandbox, "Pro", "u_1").await;
    let product = product(&world.polar, "Pro").await;
    let question = format!("/api/entitlements/u_1/check?product={product}");
    assert_eq!(
        world.get(&question).await.ok()["allowed"],
        false,
        "fresh news"
    );
    world.clock.advance(SignedDuration::from_mins(20));
    let answer = world.get(&question).await.ok();
    assert_eq!(
        (&answer["allowed"], &answer["reason"]),
        (&json!(true), &json!("active"))
    );
    let other = "/api/entitlements/nobody%2F%20else/check?product=p";
    assert_eq!(world.get(other).await.ok()["reason"], "never_granted");
}

/// An id may be anything, also what a path takes for several pieces, or for none.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_an_id_looks_like_polar_is_asked_about_it() {
    let rarely = ("POLARKIT_RECONCILE_MINUTES", "1000");
    let world = World::with(&[HEALING, rarely]).await;
    read(&world).await;
    buy(&world.polar, &world.sandbox, "Handbook", "known/here").await;
    world.settle().await;
    deliver(&world.polar, false).await;
    let ids = [
        ("a/b c", "a%2Fb%20c"),
        ("known/here", "known%2Fhere"),
        ("a+b%2F?#é", "a%2Bb%252F%3F%23%C3%A9"),
    ];
    for (id, _) in ids {
        buy(&world.polar, &world.sandbox, "Pro", id).await;
    }
    world.clock.advance(SignedDuration::from_mins(20));
    let product = product(&world.polar, "Pro").await;
    for (id, written) in ids {
        let question = format!("/api/entitlements/{written}/check?product={product}");
        assert_eq!(world.get(&question).await.ok()["allowed"], true, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn access_on_news_that_are_too_old_ends_where_configuration_says_so() {
    use crate::event::{PRODUCT, event, subscription};
    let active = event("subscription.active", 4, subscription("active", 4));
    let question = format!("/api/entitlements/u_1/check?product={PRODUCT}");
    for (settings, allowed, reason) in [
        (&[][..], true, "active"),
        (&[("POLARKIT_STALE", "4")][..], true, "active"),
        (&[("POLARKIT_STALE", "2")][..], false, "stale"),
    ] {
        let world = World::with(settings).await;
        crate::event::deliver(&world, std::slice::from_ref(&active)).await;
        let answer = world.get(&question).await.ok();
        assert_eq!(
            (&answer["allowed"], &answer["reason"]),
            (&json!(allowed), &json!(reason))
        );
        let list = world.get("/api/entitlements/u_1").await.ok();
        assert_eq!(list["products"].as_array().unwrap().is_empty(), !allowed);
    }
}
