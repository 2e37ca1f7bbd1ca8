//! Money that goes back: at once, later, or not after all.

use reqwest::Method;
use serde_json::{Value, json};

use super::stall::{Stall, id};

const PENDING: &str = "pm_card_pendingRefund";

type Money = (String, i64, i64);

/// What became of an order: its status, what went back, what still can.
fn money(order: &Value) -> Money {
    let number = |name: &str| order[name].as_i64().unwrap();
    let status = order["status"].as_str().unwrap().to_owned();
    (
        status,
        number("refunded_amount"),
        number("refundable_amount"),
    )
}

fn is(status: &str, back: i64, left: i64) -> Money {
    (status.to_owned(), back, left)
}

#[tokio::test]
async fn a_slow_bank_keeps_a_refund_pending_and_pays_it_in_the_end() {
    let stall = Stall::open().await;
    let order = stall.sold(1000, PENDING).await;
    let seen = stall.announced().await.len();
    let (status, refund) = stall.refund(&order, 400, json!({})).await;
    assert_eq!(
        (status, &refund["status"]),
        (201, &json!("pending")),
        "{refund}"
    );
    assert_eq!(money(&stall.again(&order).await), is("paid", 0, 1000));
    assert_eq!(stall.types_after(seen).await, ["refund.created"]);
    assert!(stall.items("/v1/refunds/?succeeded=true").await.is_empty());
    stall.advance("PT2H").await;
    assert_eq!(
        money(&stall.again(&order).await),
        is("partially_refunded", 400, 600)
    );
    let told = ["refund.updated", "order.updated", "order.refunded"];
    assert_eq!(stall.types_after(seen + 1).await, told);
    let refunds = stall.items("/v1/refunds/?succeeded=true").await;
    assert_eq!(
        (&refunds[0]["id"], &refunds[0]["status"]),
        (&refund["id"], &json!("succeeded"))
    );
    assert!(refunds[0]["modified_at"].is_string());
}

#[tokio::test]
async fn what_is_on_its_way_back_cannot_be_given_back_again() {
    let stall = Stall::open().await;
    let order = stall.sold(1000, PENDING).await;
    assert_eq!(stall.refund(&order, 400, json!({})).await.0, 201);
    let (status, answer) = stall.refund(&order, 601, json!({})).await;
    assert_eq!(
        (status, &answer["detail"][0]["loc"]),
        (422, &json!(["body", "amount"]))
    );
    assert_eq!(stall.refund(&order, 600, json!({})).await.0, 201);
    let (status, answer) = stall.refund(&order, 1, json!({})).await;
    assert_eq!((status, &answer["error"]), (403, &json!("RefundedAlready")));
    stall.advance("PT2H").await;
    assert_eq!(money(&stall.again(&order).await), is("refunded", 1000, 0));
}

#[tokio::test]
async fn a_refund_that_comes_back_leaves_the_order_paid() {
    let stall = Stall::open().await;
    let order = stall.sold(1000, "pm_card_refundFail").await;
    let (_, refund) = stall.refund(&order, 1000, json!({})).await;
    assert_eq!(refund["status"], "succeeded");
    assert_eq!(money(&stall.again(&order).await), is("refunded", 1000, 0));
    let seen = stall.announced().await.len();
    stall.advance("PT2H").await;
    assert_eq!(money(&stall.again(&order).await), is("paid", 0, 1000));
    assert_eq!(
        stall.types_after(seen).await,
        ["refund.updated", "order.updated"]
    );
    let refunds = stall.items("/v1/refunds/?succeeded=false").await;
    assert_eq!(refunds[0]["status"], "failed");
}

#[tokio::test]
async fn the_control_face_speaks_for_the_bank() {
    let stall = Stall::open().await;
    // The card, the bank's words, what the last of them is answered, what becomes of the order.
    let cases: [(&str, &[&str], u16, Money); 6] = [
        (
            PENDING,
            &["succeeded"],
            200,
            is("partially_refunded", 300, 700),
        ),
        (PENDING, &["failed"], 200, is("paid", 0, 1000)),
        (PENDING, &["canceled"], 200, is("paid", 0, 1000)),
        (PENDING, &["failed", "succeeded"], 409, is("paid", 0, 1000)),
        ("pm_card_visa", &["canceled"], 200, is("paid", 0, 1000)),
        (
            "pm_card_visa",
            &["succeeded"],
            409,
            is("partially_refunded", 300, 700),
        ),
    ];
    for (card, words, answered, then) in cases {
        let order = stall.sold(1000, card).await;
        let (_, refund) = stall.refund(&order, 300, json!({})).await;
        let path = format!("/sandbox/refunds/{}", id(&refund));
        let mut last = 0;
        for word in words {
            let body = json!({"status": word});
            last = stall.buyer(Method::POST, &path, body).await.0;
        }
        assert_eq!(last, answered, "{card} {words:?}");
        stall.advance("PT2H").await;
        assert_eq!(money(&stall.again(&order).await), then, "{card} {words:?}");
    }
}

#[tokio::test]
async fn benefits_go_at_once_even_if_the_money_does_not() {
    let stall = Stall::open().await;
    let order = stall.sold(1000, PENDING).await;
    let path = format!(
        "/v1/customers/{}/state",
        order["customer_id"].as_str().unwrap()
    );
    assert_eq!(
        stall.get(&path).await["granted_benefits"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    stall
        .refund(&order, 100, json!({"revoke_benefits": true}))
        .await;
    stall.settle().await;
    assert_eq!(stall.get(&path).await["granted_benefits"], json!([]));
    assert_eq!(stall.again(&order).await["status"], "paid");
}

#[tokio::test]
async fn refunds_can_be_forbidden() {
    let stall = Stall::open().await;
    let order = stall.sold(1000, "pm_card_visa").await;
    let path = format!("/sandbox/orders/{}/refunds", id(&order));
    let blocked = |answer: (u16, Value)| {
        assert_eq!(
            (answer.0, &answer.1["error"]),
            (403, &json!("RefundsBlocked"))
        );
    };
    stall.sandbox.control(&path, json!({"blocked": true})).await;
    blocked(stall.refund(&order, 100, json!({})).await);
    stall
        .sandbox
        .control(&path, json!({"blocked": false}))
        .await;
    stall.staff("status", json!({"status": "denied"})).await;
    blocked(stall.refund(&order, 100, json!({})).await);
    stall
        .staff("status", json!({"status": "offboarding"}))
        .await;
    assert_eq!(stall.refund(&order, 100, json!({})).await.0, 201);
}
