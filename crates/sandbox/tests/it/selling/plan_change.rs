//! Stories of changing what is subscribed to: at once, at the next bill, at the next period.

use reqwest::Method;
use serde_json::{Value, json};

use super::shop::{Shop, id};

const EMAIL: &str = "ada@example.com";

async fn subscribed(shop: &Shop, card: &str) -> Value {
    let product = shop.product(1000, Some("month"), Value::Null).await;
    let checkout = shop.buy(&product, EMAIL, card, Value::Null).await;
    shop.subscription(&checkout).await
}

fn path(subscription: &Value) -> String {
    format!("/v1/subscriptions/{}", id(subscription))
}

#[tokio::test]
async fn a_change_for_the_next_period_waits_and_the_latest_wish_wins() {
    let shop = Shop::open().await;
    let subscription = subscribed(&shop, "pm_card_visa").await;
    let (two, three) = (
        shop.product(2000, Some("month"), Value::Null).await,
        shop.product(3000, Some("month"), Value::Null).await,
    );
    for product in [&two, &three] {
        let body = json!({"product_id": product["id"], "proration_behavior": "next_period"});
        let waiting = shop.patch(&path(&subscription), body).await;
        assert_eq!(waiting["product_id"], subscription["product_id"]);
        assert_eq!(waiting["pending_update"]["product_id"], product["id"]);
        assert_eq!(
            waiting["pending_update"]["applies_at"],
            subscription["current_period_end"]
        );
    }
    shop.advance("P32D").await;
    let after = shop.get(&path(&subscription)).await;
    assert_eq!(
        (&after["product_id"], &after["pending_update"]),
        (&three["id"], &Value::Null)
    );
    let orders = shop.orders(&subscription).await;
    let amounts: Vec<_> = orders
        .iter()
        .map(|order| order["net_amount"].as_i64().unwrap())
        .collect();
    assert_eq!(amounts, [1000, 3000], "no proration for what waits");
}

#[tokio::test]
async fn a_waiting_change_can_be_taken_back_once() {
    let shop = Shop::open().await;
    let subscription = subscribed(&shop, "pm_card_visa").await;
    let other = shop.product(2000, Some("month"), Value::Null).await;
    let body = json!({"product_id": other["id"], "proration_behavior": "next_period"});
    shop.patch(&path(&subscription), body).await;
    let clear = json!({"pending_update": null});
    let cleared = shop.patch(&path(&subscription), clear.clone()).await;
    assert_eq!(cleared["pending_update"], Value::Null);
    let (status, _) = shop
        .sandbox
        .call(Method::PATCH, &path(&subscription), clear)
        .await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn an_upgrade_that_cannot_be_charged_changes_nothing() {
    let shop = Shop::open().await;
    let subscription = subscribed(&shop, "pm_card_chargeCustomerFail").await;
    let other = shop.product(5000, Some("month"), Value::Null).await;
    let seen = shop.announced().await.len();
    let body = json!({"product_id": other["id"], "proration_behavior": "invoice"});
    let (status, answer) = shop
        .sandbox
        .call(Method::PATCH, &path(&subscription), body)
        .await;
    assert_eq!((status, &answer["error"]), (402, &json!("PaymentFailed")));
    assert_eq!(shop.get(&path(&subscription)).await, subscription);
    assert_eq!(shop.orders(&subscription).await.len(), 1);
    assert!(shop.types_after(seen).await.is_empty());
}

#[tokio::test]
async fn a_downgrade_paid_at_once_becomes_credit_that_the_next_bill_uses() {
    let shop = Shop::open().await;
    let product = shop.product(9000, Some("month"), Value::Null).await;
    let checkout = shop.buy(&product, EMAIL, "pm_card_visa", Value::Null).await;
    let subscription = shop.subscription(&checkout).await;
    let small = shop.product(1000, Some("month"), Value::Null).await;
    let body = json!({"product_id": small["id"], "proration_behavior": "invoice"});
    shop.patch(&path(&subscription), body).await;
    shop.settle().await;
    let change = shop.orders(&subscription).await[1].clone();
    assert_eq!(
        (&change["status"], &change["due_amount"]),
        (&json!("paid"), &json!(0))
    );
    let credit = change["applied_balance_amount"].as_i64().unwrap();
    assert!((7990..=8000).contains(&credit), "{credit}");
    shop.advance("P32D").await;
    let renewal = shop.orders(&subscription).await[2].clone();
    assert_eq!(renewal["applied_balance_amount"], -1000);
    assert_eq!(
        (&renewal["due_amount"], &renewal["status"]),
        (&json!(0), &json!("paid"))
    );
}

#[tokio::test]
async fn a_free_subscription_is_upgraded_through_a_checkout_without_a_second_one() {
    let shop = Shop::open().await;
    let free = shop.product(0, Some("month"), Value::Null).await;
    let customer = shop.post("/v1/customers/", json!({"email": EMAIL})).await;
    let body = json!({"product_id": free["id"], "customer_id": customer["id"]});
    let subscription = shop.post("/v1/subscriptions/", body).await;
    let pro = shop.product(1000, Some("month"), Value::Null).await;
    let with = json!({"subscription_id": subscription["id"], "metadata": {"from": "free"}});
    let checkout = shop.checkout(&pro, EMAIL, with).await;
    let seen = shop.announced().await.len();
    let (status, answer) = shop.confirm(&checkout, "pm_card_visa").await;
    assert_eq!(status, 200, "{answer}");
    let types = shop.types_after(seen).await;
    assert!(
        !types
            .iter()
            .any(|kind| kind == "subscription.created" || kind == "subscription.active")
    );
    let updated = types
        .iter()
        .position(|kind| kind == "subscription.updated")
        .unwrap();
    let ordered = types
        .iter()
        .position(|kind| kind == "order.created")
        .unwrap();
    assert!(updated < ordered, "{types:?}");
    let after = shop.get(&path(&subscription)).await;
    assert_eq!(
        (&after["product_id"], &after["amount"]),
        (&pro["id"], &json!(1000))
    );
    assert_eq!(after["metadata"], json!({"from": "free"}));
    let order = shop.orders(&subscription).await[0].clone();
    assert_eq!(order["billing_reason"], "subscription_update");
}
