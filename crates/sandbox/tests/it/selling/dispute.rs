//! Buyers who go to their bank, and what becomes of it.

use reqwest::Method;
use serde_json::{Value, json};

use super::stall::{Stall, id, moment};

const VISA: &str = "pm_card_visa";

impl Stall {
    async fn dispute(&self, order: &Value, body: Value) -> Value {
        let path = format!("/sandbox/orders/{}/dispute", id(order));
        self.sandbox.control(&path, body).await
    }

    /// The bank's next word. Gives the status of the answer.
    async fn bank(&self, dispute: &Value, status: &str) -> u16 {
        let path = format!("/sandbox/disputes/{}", id(dispute));
        let body = json!({"status": status});
        self.buyer(Method::POST, &path, body).await.0
    }

    async fn disputed(&self, dispute: &Value) -> Value {
        self.get(&format!("/v1/disputes/{}", id(dispute))).await
    }
}

#[tokio::test]
async fn a_card_whose_holder_disputes_does_so_by_itself() {
    let stall = Stall::open().await;
    for (card, reason) in [
        ("pm_card_createDispute", "fraudulent"),
        (
            "pm_card_createDisputeProductNotReceived",
            "product_not_received",
        ),
    ] {
        let order = stall.sold(1000, card).await;
        let path = format!("/v1/disputes/?order_id={}", id(&order));
        let disputes = stall.items(&path).await;
        let [dispute] = disputes.as_slice() else {
            panic!("{disputes:?}");
        };
        assert_eq!(dispute, &stall.disputed(dispute).await);
        assert_eq!(
            (&dispute["status"], &dispute["reason"]),
            (&json!("needs_response"), &json!(reason))
        );
        assert_eq!(
            (&dispute["amount"], &dispute["tax_amount"]),
            (&json!(1000), &json!(0))
        );
        assert_eq!(
            (&dispute["resolved"], &dispute["closed"]),
            (&json!(false), &json!(false))
        );
        assert_eq!(dispute["customer"]["id"], order["customer_id"]);
        assert!(dispute["case_id"].is_string());
        let payments = stall
            .items(&format!("/v1/payments/?order_id={}", id(&order)))
            .await;
        assert_eq!(dispute["payment_id"], payments[0]["id"]);
        assert_eq!(stall.again(&order).await["status"], "paid");
    }
}

#[tokio::test]
async fn disputes_are_found_by_order_and_status_and_sorted_by_amount() {
    let stall = Stall::open().await;
    let mut made = Vec::new();
    for (amount, status) in [
        (1000, "needs_response"),
        (3000, "under_review"),
        (2000, "won"),
    ] {
        let order = stall.sold(amount, VISA).await;
        made.push(stall.dispute(&order, json!({"status": status})).await);
    }
    let amounts = |rows: Vec<Value>| {
        let amounts = rows.iter().map(|row| row["amount"].as_i64().unwrap());
        amounts.collect::<Vec<_>>()
    };
    let order = made[1]["order_id"].as_str().unwrap();
    let cases = [
        (String::new(), vec![2000, 3000, 1000]),
        ("?sorting=amount".to_owned(), vec![1000, 2000, 3000]),
        ("?sorting=-amount&limit=1".to_owned(), vec![3000]),
        (
            "?status=won&status=under_review".to_owned(),
            vec![2000, 3000],
        ),
        (format!("?order_id={order}"), vec![3000]),
    ];
    for (query, wanted) in cases {
        let rows = stall.items(&format!("/v1/disputes/{query}")).await;
        assert_eq!(amounts(rows), wanted, "{query}");
    }
    let path = format!("/v1/disputes/{}", id(&made[0]));
    let other = &stall.sandbox.credentials.other_access_token;
    let stranger = stall.sandbox.request(Method::GET, &path).bearer_auth(other);
    assert_eq!(stranger.send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_dispute_goes_the_ways_it_can() {
    let stall = Stall::open().await;
    let cases: [(&str, &[&str], u16); 12] = [
        ("needs_response", &["under_review"], 200),
        ("needs_response", &["won"], 200),
        ("needs_response", &["prevented"], 200),
        ("needs_response", &["early_warning"], 409),
        ("under_review", &["needs_response"], 200),
        ("under_review", &["lost"], 200),
        ("early_warning", &["needs_response"], 200),
        ("early_warning", &["won"], 409),
        ("early_warning", &["prevented", "needs_response"], 200),
        ("won", &["lost"], 409),
        ("lost", &["needs_response"], 409),
        ("prevented", &["lost"], 409),
    ];
    for (first, words, answered) in cases {
        let order = stall.sold(1000, VISA).await;
        let dispute = stall.dispute(&order, json!({"status": first})).await;
        assert_eq!(dispute["status"], first);
        let mut last = 0;
        for word in words {
            last = stall.bank(&dispute, word).await;
        }
        assert_eq!(last, answered, "{first} {words:?}");
        let now = stall.disputed(&dispute).await;
        if answered == 200 {
            assert_eq!(Some(&now["status"].as_str().unwrap()), words.last());
        }
        let status = now["status"].as_str().unwrap();
        assert_eq!(
            now["resolved"],
            ["won", "lost"].contains(&status),
            "{status}"
        );
        assert_eq!(
            now["closed"],
            ["won", "lost", "prevented"].contains(&status),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_seller_gives_in_once_and_only_when_asked() {
    let stall = Stall::open().await;
    let order = stall.sold(1000, VISA).await;
    let dispute = stall.dispute(&order, json!({})).await;
    let path = format!("/v1/disputes/{}/accept", id(&dispute));
    let lost = stall.post(&path, Value::Null).await;
    assert_eq!(
        (&lost["status"], &lost["resolved"]),
        (&json!("lost"), &json!(true))
    );
    let (status, answer) = stall.sandbox.call(Method::POST, &path, Value::Null).await;
    assert_eq!(
        (status, &answer["error"]),
        (409, &json!("DisputeNotOpenError"))
    );
    let detail = format!("Dispute {} is not awaiting a response.", id(&dispute));
    assert_eq!(answer["detail"], detail.as_str());
}

#[tokio::test]
async fn what_the_bank_holds_cannot_be_refunded() {
    let stall = Stall::open().await;
    let cases = [
        ("needs_response", 403),
        ("under_review", 403),
        ("lost", 403),
        ("won", 201),
        ("early_warning", 201),
    ];
    for (status, answered) in cases {
        let order = stall.sold(1000, VISA).await;
        stall.dispute(&order, json!({"status": status})).await;
        let (code, answer) = stall.refund(&order, 100, json!({})).await;
        assert_eq!(code, answered, "{status}: {answer}");
        if code == 403 {
            assert_eq!(answer["error"], "RefundDisputedPayment");
        }
    }
}

#[tokio::test]
async fn a_prevented_dispute_is_a_refund_of_polar_s_own() {
    let stall = Stall::open().await;
    for (first, revokes) in [("needs_response", true), ("early_warning", false)] {
        let order = stall.sold(1000, VISA).await;
        let dispute = stall.dispute(&order, json!({"status": first})).await;
        let seen = stall.announced().await.len();
        assert_eq!(stall.bank(&dispute, "prevented").await, 200);
        stall.settle().await;
        let refunds = stall
            .items(&format!("/v1/refunds/?order_id={}", id(&order)))
            .await;
        let [refund] = refunds.as_slice() else {
            panic!("{refunds:?}");
        };
        assert_eq!(
            (&refund["reason"], &refund["amount"]),
            (&json!("dispute_prevention"), &json!(1000))
        );
        assert_eq!(refund["dispute"]["id"], dispute["id"]);
        assert_eq!(refund["dispute"]["status"], "prevented");
        assert_eq!(refund["revoke_benefits"], revokes);
        assert_eq!(stall.again(&order).await["status"], "refunded");
        let told = stall.types_after(seen).await;
        assert_eq!(
            told[..3],
            ["refund.created", "order.updated", "order.refunded"]
        );
        assert_eq!(
            told.contains(&"benefit_grant.revoked".to_owned()),
            revokes,
            "{told:?}"
        );
    }
}

#[tokio::test]
async fn once_it_is_decided_the_buyer_has_no_access_whoever_won() {
    let stall = Stall::open().await;
    let product = stall.product_with_benefit(1500, Some("month")).await;
    for (number, status) in ["won", "lost"].into_iter().enumerate() {
        let email = format!("ada{number}@example.com");
        let checkout = stall.buy(&product, &email, VISA, Value::Null).await;
        let subscription = stall.subscription(&checkout).await;
        let order = stall.orders(&subscription).await[0].clone();
        let dispute = stall.dispute(&order, json!({})).await;
        assert_eq!(stall.subscription(&checkout).await["status"], "active");
        assert_eq!(stall.bank(&dispute, status).await, 200);
        assert_eq!(stall.subscription(&checkout).await["status"], "canceled");
        let order = stall.sold(1000, VISA).await;
        stall.dispute(&order, json!({"status": status})).await;
        stall.settle().await;
        let path = format!(
            "/v1/customers/{}/state",
            order["customer_id"].as_str().unwrap()
        );
        assert_eq!(
            stall.get(&path).await["granted_benefits"],
            json!([]),
            "{status}"
        );
        assert_eq!(stall.again(&order).await["status"], "paid");
    }
}

#[tokio::test]
async fn evidence_is_awaited_until_its_day() {
    let stall = Stall::open().await;
    let order = stall.sold(1000, VISA).await;
    let dispute = stall.dispute(&order, json!({})).await;
    let (made, due) = (
        moment(&dispute["created_at"]),
        moment(&dispute["evidence_due_by"]),
    );
    assert_eq!(due.duration_since(made).as_hours(), 7 * 24);
    assert_eq!(dispute["past_due"], false);
    stall.advance("P8D").await;
    assert_eq!(stall.disputed(&dispute).await["past_due"], true);
}

#[tokio::test]
async fn only_what_was_charged_is_disputed_and_only_once_at_a_time() {
    let stall = Stall::open().await;
    let order = stall.sold(1000, VISA).await;
    stall.refund(&order, 400, json!({})).await;
    let path = format!("/sandbox/orders/{}/dispute", id(&order));
    let ask = |body: Value| stall.buyer(Method::POST, &path, body);
    for (body, status, named) in [
        (json!({"amount": 601}), 422, "600"),
        (json!({"amount": 0}), 422, "600"),
        (json!({"colour": "red"}), 422, "colour"),
        (json!({"status": "angry"}), 422, "angry"),
        (json!({"amount": 600, "reason": "duplicate"}), 200, ""),
        (json!({}), 409, "still open"),
    ] {
        let (code, answer) = ask(body.clone()).await;
        assert_eq!(code, status, "{body}: {answer}");
        let detail = answer["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(named), "{detail}");
    }
    let free = stall.product(0, None, Value::Null).await;
    let checkout = stall.checkout(&free, "eve@example.com", Value::Null).await;
    let path = format!(
        "/v1/checkouts/client/{}/confirm",
        checkout["client_secret"].as_str().unwrap()
    );
    stall
        .buyer(Method::POST, &path, json!({"customer_name": "Eve"}))
        .await;
    stall.settle().await;
    let orders = stall
        .items(&format!("/v1/orders/?checkout_id={}", id(&checkout)))
        .await;
    let path = format!("/sandbox/orders/{}/dispute", id(&orders[0]));
    let (code, answer) = stall.buyer(Method::POST, &path, json!({})).await;
    assert_eq!((code, &answer["error"]), (422, &json!("NothingToDispute")));
}
