//! Stories of changing what is subscribed to: at once, at the next bill, at the next period.

use reqwest::Method;
use serde_json::{Value, json};

use super::stall::{Stall, id};

const EMAIL: &str = "ada@example.com";

async fn subscribed(stall: &Stall, card: &str) -> Value {
    let product = stall.product(1000, Some("month"), Value::Null).await;
    let checkout = stall.buy(&product, EMAIL, card, Value::Null).await;
    stall.subscription(&checkout).await
}

fn path(subscription: &Value) -> String {
    format!("/v1/subscriptions/{}", id(subscription))
}

#[tokio::test]
async fn a_change_for_the_next_period_waits_and_the_latest_wish_wins() {
    let stall = Stall::open().await;
    let subscription = subscribed(&stall, "pm_card_visa").await;
    let (two, three) = (
        stall.product(2000, Some("month"), Value::Null).await,
        stall.product(3000, Some("month"), Value::Null).await,
    );
    for product in [&two, &three] {
        let body = json!({"product_id": product["id"], "proration_behavior": "next_period"});
        let waiting = stall.patch(&path(&subscription), body).await;
        assert_eq!(waiting["product_id"], subscription["product_id"]);
        assert_eq!(waiting["pending_update"]["product_id"], product["id"]);
        assert_eq!(
            waiting["pending_update"]["applies_at"],
            subscription["current_period_end"]
        );
    }
    stall.advance("P32D").await;
    let after = stall.get(&path(&subscription)).await;
    assert_eq!(
        (&after["product_id"], &after["pending_update"]),
        (&three["id"], &Value::Null)
    );
    let orders = stall.orders(&subscription).await;
    let amounts: Vec<_> = orders
        .iter()
        .map(|order| order["net_amount"].as_i64().unwrap())
        .collect();
    assert_eq!(amounts, [1000, 3000], "no proration for what waits");
}

#[tokio::test]
async fn a_waiting_change_can_be_taken_back_once() {
    let stall = Stall::open().await;
    let subscription = subscribed(&stall, "pm_card_visa").await;
    let other = stall.product(2000, Some("month"), Value::Null).await;
    let body = json!({"product_id": other["id"], "proration_behavior": "next_period"});
    stall.patch(&path(&subscription), body).await;
    let clear = json!({"pending_update": null});
    let cleared = stall.patch(&path(&subscription), clear.clone()).await;
    assert_eq!(cleared["pending_update"], Value::Null);
    let (status, _) = stall
        .sandbox
        .call(Method::PATCH, &path(&subscription), clear)
        .await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn an_upgrade_that_cannot_be_charged_changes_nothing() {
    let stall = Stall::open().await;
    let subscription = subscribed(&stall, "pm_card_chargeCustomerFail").await;
    let other = stall.product(5000, Some("month"), Value::Null).await;
    let seen = stall.announced().await.len();
    let body = json!({"product_id": other["id"], "proration_behavior": "invoice"});
    let (status, answer) = stall
        .sandbox
        .call(Method::PATCH, &path(&subscription), body)
        .await;
    assert_eq!((status, &answer["error"]), (402, &json!("PaymentFailed")));
    assert_eq!(stall.get(&path(&subscription)).await, subscription);
    assert_eq!(stall.orders(&subscription).await.len(), 1);
    assert!(stall.types_after(seen).await.is_empty());
}

#[tokio::test]
async fn a_downgrade_paid_at_once_becomes_credit_that_the_next_bill_uses() {
    let stall = Stall::open().await;
    let product = stall.product(9000, Some("month"), Value::Null).await;
    let checkout = stall
        .buy(&product, EMAIL, "pm_card_visa", Value::Null)
        .await;
    let subscription = stall.subscription(&checkout).await;
    let small = stall.product(1000, Some("month"), Value::Null).await;
    let body = json!({"product_id": small["id"], "proration_behavior": "invoice"});
    stall.patch(&path(&subscription), body).await;
    stall.settle().await;
    let change = stall.orders(&subscription).await[1].clone();
    assert_eq!(
        (&change["status"], &change["due_amount"]),
        (&json!("paid"), &json!(0))
    );
    let credit = -change["total_amount"].as_i64().unwrap();
    assert!((7990..=8000).contains(&credit), "{credit}");
    assert_eq!(change["applied_balance_amount"], 0);
    stall.advance("P32D").await;
    let renewal = stall.orders(&subscription).await[2].clone();
    assert_eq!(renewal["applied_balance_amount"], -1000);
    assert_eq!(
        (&renewal["due_amount"], &renewal["status"]),
        (&json!(0), &json!("paid"))
    );
}

#[tokio::test]
async fn a_free_subscription_is_upgraded_through_a_checkout_without_a_second_one() {
    let stall = Stall::open().await;
    let free = stall.product(0, Some("month"), Value::Null).await;
    let customer = stall.post("/v1/customers/", json!({"email": EMAIL})).await;
    let body = json!({"product_id": free["id"], "customer_id": customer["id"]});
    let subscription = stall.post("/v1/subscriptions/", body).await;
    let pro = stall.product(1000, Some("month"), Value::Null).await;
    let with = json!({"subscription_id": subscription["id"], "metadata": {"from": "free"}});
    let checkout = stall.checkout(&pro, EMAIL, with).await;
    let seen = stall.announced().await.len();
    let (status, answer) = stall.confirm(&checkout, "pm_card_visa").await;
    assert_eq!(status, 200, "{answer}");
    let types = stall.types_after(seen).await;
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
    let after = stall.get(&path(&subscription)).await;
    assert_eq!(
        (&after["product_id"], &after["amount"]),
        (&pro["id"], &json!(1000))
    );
    assert_eq!(after["metadata"], json!({"from": "free"}));
    let order = stall.orders(&subscription).await[0].clone();
    assert_eq!(order["billing_reason"], "subscription_update");
}

#[tokio::test]
async fn a_change_paid_at_once_swaps_the_grants_and_carries_none_on() {
    let stall = Stall::open().await;
    let (small, big) = (
        stall.product_with_benefit(1000, Some("month")).await,
        stall.product_with_benefit(3000, Some("month")).await,
    );
    let checkout = stall.buy(&small, EMAIL, "pm_card_visa", Value::Null).await;
    let subscription = stall.subscription(&checkout).await;
    let seen = stall.announced().await.len();
    let body = json!({"product_id": big["id"], "proration_behavior": "invoice"});
    stall.patch(&path(&subscription), body).await;
    let types = stall.types_after(seen).await;
    let grants: Vec<_> = types
        .iter()
        .filter(|kind| kind.starts_with("benefit"))
        .collect();
    assert_eq!(grants, ["benefit_grant.revoked", "benefit_grant.created"]);
}

#[tokio::test]
async fn an_archived_product_leaves_the_links_that_offered_it() {
    let stall = Stall::open().await;
    let (one, two) = (
        stall.product(1000, None, Value::Null).await,
        stall.product(2000, None, Value::Null).await,
    );
    let body = json!({"payment_processor": "stripe", "products": [one["id"], two["id"]]});
    let link = stall.post("/v1/checkout-links/", body).await;
    let product = format!("/v1/products/{}", id(&one));
    stall.patch(&product, json!({"is_archived": true})).await;
    let link = stall
        .get(&format!("/v1/checkout-links/{}", id(&link)))
        .await;
    assert_eq!(link["products"].as_array().unwrap().len(), 1);
    assert_eq!(link["products"][0]["id"], two["id"]);
}

#[tokio::test]
async fn the_events_list_says_which_discount_was_put_on_and_that_it_was_taken_off() {
    let stall = Stall::open().await;
    let subscription = subscribed(&stall, "pm_card_visa").await;
    let body =
        json!({"name": "Less", "type": "percentage", "basis_points": 1000, "duration": "forever"});
    let discount = stall.post("/v1/discounts/", body).await;
    for wish in [discount["id"].clone(), Value::Null] {
        let body = json!({"discount_id": wish});
        stall.patch(&path(&subscription), body).await;
        let events = stall.items("/v1/events/?name=subscription.updated").await;
        let metadata = events[0]["metadata"].as_object().unwrap();
        assert_eq!(metadata.get("discount_id"), Some(&wish));
    }
}
