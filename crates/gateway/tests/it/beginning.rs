//! Who was a customer before the gateway is no news to anybody; who came since is.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::heal::read;
use crate::polar::{agrees, buy, deliver, list, patch, post, said};
use crate::receiver::{HERE, Receiver, until_settled};
use crate::world::{World, postgres};

const HEALING: (&str, &str) = ("POLARKIT_RECONCILE", "true");

/// A customer of three hours, and then a gateway that knows nothing yet.
async fn old_customer(database: &str) -> (World, Receiver, Value) {
    let world = World::with(&[HERE]).await;
    buy(&world.polar, &world.sandbox, "Pro", "u_old").await;
    world.settle().await;
    world.clock.advance(SignedDuration::from_hours(3));
    let world = world.restart_with(&[("DATABASE_URL", database)]).await;
    let receiver = Receiver::start().await;
    let made = receiver
        .subscribe(&world, json!({"events": ["access.granted"]}))
        .await;
    (world, receiver, made)
}

/// A database nobody used yet, beside the world's own.
fn fresh() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("fresh.db").display());
    (folder, url)
}

/// What was told as granted, by customer; each as often as it was told.
fn granted(receiver: &Receiver) -> BTreeMap<String, Vec<String>> {
    let mut granted = BTreeMap::<String, Vec<String>>::new();
    for heard in receiver.heard() {
        let data = &heard.json()["data"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let customer = text(&data["customer"]["external_id"]);
        granted
            .entry(customer)
            .or_default()
            .push(text(&data["target"]));
    }
    for targets in granted.values_mut() {
        targets.sort();
    }
    granted
}

async fn only_news_is_told(database: &str) {
    let (world, receiver, made) = old_customer(database).await;
    // Its webhooks are lost: only reading finds it.
    deliver(&world.polar, false).await;
    buy(&world.polar, &world.sandbox, "Handbook", "u_lost").await;
    deliver(&world.polar, true).await;
    // Its webhooks are late: reading finds it first, or they do.
    let world = world
        .restarted(&[HEALING], async |polar, sandbox| {
            buy(polar, sandbox, "Pro", "u_raced").await;
        })
        .await;
    agrees(&world).await;
    read(&world).await;
    world
        .sandbox
        .advance(SignedDuration::from_mins(30))
        .await
        .unwrap();
    world.settle().await;
    until_settled(&world, &made).await;
    let come = ["u_lost".to_owned(), "u_raced".to_owned()];
    let expected: BTreeMap<String, Vec<String>> = said(&world, come.iter())
        .await
        .into_iter()
        .map(|(customer, may)| (customer, may.into_iter().collect()))
        .collect();
    assert!(expected.values().all(|may| !may.is_empty()));
    assert_eq!(granted(&receiver), expected);
    let old = said(&world, ["u_old".to_owned()].iter()).await;
    assert!(!old["u_old"].is_empty(), "known all the same");
    world.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_there_before_is_no_news_and_who_came_since_is_told_once() {
    let (_folder, database) = fresh();
    only_news_is_told(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_there_before_is_no_news_on_postgresql_either() {
    only_news_is_told(&postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_there_before_is_told_where_configuration_says_so() {
    let (_folder, database) = fresh();
    let (world, receiver, made) = old_customer(&database).await;
    let all = ("POLARKIT_TELL_EXISTING", "true");
    let world = world.restart_with(&[HEALING, all]).await;
    agrees(&world).await;
    read(&world).await;
    until_settled(&world, &made).await;
    let old = ["u_old".to_owned()];
    let may = said(&world, old.iter()).await.remove("u_old").unwrap();
    assert_eq!(
        granted(&receiver)["u_old"],
        may.into_iter().collect::<Vec<_>>()
    );
}

fn id(one: &Value) -> String {
    one["id"].as_str().unwrap().to_owned()
}

/// Ends, at Polar, all that can be ended.
async fn end_everything(world: &World) {
    for subscription in list(&world.polar, "/v1/subscriptions/").await {
        let path = format!("/v1/subscriptions/{}", id(&subscription));
        patch(&world.polar, &path, &json!({"revoke": true})).await;
    }
    for order in list(&world.polar, "/v1/orders/").await {
        let ask = json!({
            "order_id": order["id"], "amount": order["net_amount"], "reason": "other",
        });
        post(&world.polar, "/v1/refunds/", &ask).await;
    }
    for path in ["/v1/products/", "/v1/meters/"] {
        for one in list(&world.polar, path).await {
            let path = format!("{path}{}", id(&one));
            let call = world.polar.raw(&path).method(reqwest::Method::PATCH);
            // A meter that is still sold stays.
            drop(call.json(&json!({"is_archived": true})).await);
        }
    }
    world.sandbox.settle().await.unwrap();
}

/// No list is asked in a way that hides what is over.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_archived_cancelled_refunded_or_revoked_is_read_too() {
    let world = World::with(&[]).await;
    buy(&world.polar, &world.sandbox, "Pro", "u_1").await;
    buy(&world.polar, &world.sandbox, "Handbook", "u_2").await;
    end_everything(&world).await;
    let (_folder, database) = fresh();
    let settings = [("DATABASE_URL", database.as_str()), HEALING];
    let world = world.restart_with(&settings).await;
    read(&world).await;
    for (kind, path) in [
        ("product", "/v1/products/"),
        ("meter", "/v1/meters/"),
        ("benefit", "/v1/benefits/"),
        ("discount", "/v1/discounts/"),
        ("subscription", "/v1/subscriptions/"),
        ("order", "/v1/orders/"),
        ("refund", "/v1/refunds/"),
        ("benefit_grant", "/v1/benefit-grants/"),
        ("license_key", "/v1/license-keys/"),
    ] {
        let mirrored: Vec<String> = mirrored(&world, kind).await.iter().map(id).collect();
        let mut there: Vec<String> = list(&world.polar, path).await.iter().map(id).collect();
        there.sort();
        assert_eq!(mirrored, there, "{kind}");
    }
    for (kind, field, word) in [
        ("product", "is_archived", json!(true)),
        ("subscription", "status", json!("canceled")),
        ("order", "status", json!("refunded")),
        ("benefit_grant", "is_revoked", json!(true)),
        ("license_key", "status", json!("revoked")),
    ] {
        let rows = mirrored(&world, kind).await;
        assert!(
            rows.iter().any(|one| one[field] == word),
            "{kind}: {rows:?}"
        );
    }
}

/// What is mirrored of a kind, by id.
async fn mirrored(world: &World, kind: &str) -> Vec<Value> {
    let bodies = world.gateway.store().bodies(kind, "", 1_000).await.unwrap();
    let read = |(_, body): &(String, String)| serde_json::from_str(body).unwrap();
    bodies.iter().map(read).collect()
}
