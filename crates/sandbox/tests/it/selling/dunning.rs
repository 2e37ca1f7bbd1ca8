//! Waiting for money: when it is tried again, what stops that, and when it is given up.

use reqwest::Method;
use serde_json::{Value, json};

use super::stall::{Stall, id, moment};

const EMAIL: &str = "ada@example.com";
const DAY: i64 = 86_400;

/// A monthly subscription whose first renewal was refused to this card. Its id, and the moment of that.
async fn refused(stall: &Stall, card: &str) -> (Value, i64) {
    let product = stall.product(1000, Some("month"), Value::Null).await;
    let checkout = stall.buy(&product, EMAIL, card, Value::Null).await;
    let end = stall.subscription(&checkout).await["current_period_end"].clone();
    stall.advance("P31DT1H").await;
    let row = stall.subscription(&checkout).await;
    assert_eq!(row["status"], "past_due");
    (row, moment(&end).as_second())
}

/// Days and seconds from `start` to each attempt at the renewal.
async fn attempts(stall: &Stall, subscription: &Value, start: i64) -> Vec<i64> {
    let order = stall.orders(subscription).await[1].clone();
    let path = format!("/v1/payments/?order_id={}&sorting=created_at", id(&order));
    let payments = stall.items(&path).await;
    let at = |row: &Value| moment(&row["created_at"]).as_second();
    payments.iter().map(|row| at(row) - start).collect()
}

async fn save_card(stall: &Stall, subscription: &Value, card: &str) {
    let session = json!({"customer_id": subscription["customer_id"]});
    let session = stall.post("/v1/customer-sessions/", session).await;
    let body = json!({"confirmation_token_id": card, "set_default": true, "return_url": "https://example.com"});
    let path = "/v1/customer-portal/customers/me/payment-methods";
    let request = stall.sandbox.request(Method::POST, path);
    let request = request
        .bearer_auth(session["token"].as_str().unwrap())
        .json(&body);
    assert_eq!(request.send().await.unwrap().status(), 201);
    stall.settle().await;
}

#[tokio::test]
async fn it_is_tried_again_at_full_hours_only() {
    let stall = Stall::open().await;
    let body = json!({"now": "2027-01-31T12:34:56Z"});
    stall.sandbox.control("/sandbox/clock", body).await;
    let (row, start) = refused(&stall, "pm_card_chargeCustomerFail").await;
    stall.advance("P22D").await;
    let tried = attempts(&stall, &row, start).await;
    // The bill comes at 12:34:56, so that two days after it are over at 12:34:56, and the round is at 13:00.
    let rounds = [2, 7, 14, 21].map(|day| day * DAY);
    for (tried, due) in tried[1..].iter().zip(rounds) {
        let second = (start + tried).rem_euclid(3600);
        assert!(second < 5, "{second} s after the hour");
        assert!((due..due + 4 * 3600).contains(tried), "{tried} for {due}");
    }
    assert_eq!(tried.len(), 5);
    let ended = stall.get(&format!("/v1/subscriptions/{}", id(&row))).await;
    assert_eq!(ended["status"], "canceled");
}

#[tokio::test]
async fn a_card_that_will_never_work_is_tried_once_more_at_the_very_end() {
    let stall = Stall::open().await;
    let (row, start) = refused(&stall, "pm_card_chargeCustomerLost").await;
    let order = stall.orders(&row).await[1].clone();
    let since = moment(&row["past_due_at"]).as_second();
    let next = moment(&order["next_payment_attempt_at"]).as_second();
    assert_eq!(next - since, 21 * DAY + 60, "three weeks and a minute");
    stall.advance("P20D").await;
    assert_eq!(attempts(&stall, &row, start).await.len(), 1);
    let path = format!("/v1/subscriptions/{}", id(&row));
    assert_eq!(stall.get(&path).await["status"], "past_due");
    stall.advance("P3D").await;
    assert_eq!(attempts(&stall, &row, start).await.len(), 2);
    assert_eq!(stall.get(&path).await["status"], "canceled");
    let order = stall.orders(&row).await[1].clone();
    assert_eq!(
        (&order["status"], &order["next_payment_attempt_at"]),
        (&json!("void"), &Value::Null)
    );
}

#[tokio::test]
async fn another_card_is_tried_at_once_also_when_the_first_will_never_work() {
    let stall = Stall::open().await;
    let (row, _) = refused(&stall, "pm_card_chargeCustomerLost").await;
    save_card(&stall, &row, "pm_card_visa").await;
    let path = format!("/v1/subscriptions/{}", id(&row));
    let alive = stall.get(&path).await;
    assert_eq!(
        (&alive["status"], &alive["past_due_at"]),
        (&json!("active"), &Value::Null)
    );
    let order = stall.orders(&row).await[1].clone();
    assert_eq!(order["status"], "paid");
    let path = format!("/v1/payments/?order_id={}&sorting=created_at", id(&order));
    let triggers: Vec<_> = stall.items(&path).await;
    let triggers: Vec<_> = triggers.iter().map(|row| row["trigger"].clone()).collect();
    let wanted = ["subscription_cycle", "retry_payment_method_update"];
    assert_eq!(triggers, wanted);
}

#[tokio::test]
async fn a_new_card_that_is_refused_leaves_the_days_as_they_were() {
    let stall = Stall::open().await;
    let (row, start) = refused(&stall, "pm_card_chargeCustomerFail").await;
    let before = stall.orders(&row).await[1]["next_payment_attempt_at"].clone();
    save_card(&stall, &row, "pm_card_chargeCustomerFail").await;
    let order = stall.orders(&row).await[1].clone();
    assert_eq!(order["next_payment_attempt_at"], before);
    assert_eq!(attempts(&stall, &row, start).await.len(), 2);
    stall.advance("P22D").await;
    let tried = attempts(&stall, &row, start).await;
    assert_eq!(tried.len(), 6, "the new card's own attempt does not count");
}

#[tokio::test]
async fn without_any_card_it_waits_until_the_end_and_charges_nobody() {
    let stall = Stall::open().await;
    let free = stall.product(0, Some("month"), Value::Null).await;
    let paid = stall.product(1000, Some("month"), Value::Null).await;
    let customer = stall.post("/v1/customers/", json!({"email": EMAIL})).await;
    let body = json!({"product_id": free["id"], "customer_id": customer["id"]});
    let row = stall.post("/v1/subscriptions/", body).await;
    let path = format!("/v1/subscriptions/{}", id(&row));
    let body = json!({"product_id": paid["id"], "proration_behavior": "next_period"});
    stall.patch(&path, body).await;
    stall.advance("P31DT1H").await;
    assert_eq!(stall.get(&path).await["status"], "past_due");
    stall.advance("P20D").await;
    assert_eq!(stall.get(&path).await["status"], "past_due");
    stall.advance("P9D").await;
    assert_eq!(stall.get(&path).await["status"], "canceled");
    assert!(stall.items("/v1/payments/").await.is_empty());
}
