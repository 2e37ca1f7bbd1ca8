//! Stories of buying once: paid, free, refused, authenticated, expired, refunded.

use reqwest::Method;
use serde_json::{Value, json};

use super::stall::{Stall, client, id, moment};

const EMAIL: &str = "ada@example.com";

#[tokio::test]
async fn a_purchase_announces_member_checkout_customer_order_and_grant_in_this_order() {
    let stall = Stall::open().await;
    let product = stall.product_with_benefit(2900, None).await;
    let checkout = stall.checkout(&product, EMAIL, Value::Null).await;
    let seen = stall.announced().await.len();
    stall.confirm(&checkout, "pm_card_visa").await;
    let types = stall.types_after(seen).await;
    let wanted = [
        "member.created",
        "checkout.updated",
        "customer.created",
        "customer.state_changed",
        "order.created",
        "order.updated",
        "order.paid",
        "checkout.updated",
        "benefit_grant.created",
        "order.updated",
        "customer.state_changed",
    ];
    let (mut wanted, mut got) = (wanted.map(str::to_owned).to_vec(), types.clone());
    // The fee is booked and the state is told in the background, in either order.
    assert_eq!(got[..9], wanted[..9], "{types:?}");
    got[9..].sort();
    wanted[9..].sort();
    assert_eq!(got, wanted);
}

#[tokio::test]
async fn the_answer_to_a_confirmation_is_confirmed_and_success_comes_after() {
    let stall = Stall::open().await;
    let product = stall.product(2900, None, Value::Null).await;
    let checkout = stall.checkout(&product, EMAIL, Value::Null).await;
    let (status, answer) = stall.confirm(&checkout, "card_4242424242424242").await;
    assert_eq!((status, &answer["status"]), (200, &json!("confirmed")));
    let token = answer["customer_session_token"].as_str().unwrap();
    assert!(token.starts_with("polar_cst_"));
    stall.settle().await;
    let order = &stall.items("/v1/orders/").await[0];
    assert_eq!(order["status"], "paid");
    assert_eq!(
        order["platform_fee_amount"], 195,
        "five per cent and fifty cents"
    );
    assert!(order["receipt_number"].as_str().unwrap().ends_with("-0001"));
    let (_, again) = stall.confirm(&checkout, "pm_card_visa").await;
    assert_eq!(again["error"], "NotOpenCheckout");
}

#[tokio::test]
async fn a_refused_card_leaves_no_customer_and_no_trace_but_a_failed_payment() {
    let stall = Stall::open().await;
    let product = stall.product(2900, None, Value::Null).await;
    let checkout = stall.checkout(&product, EMAIL, Value::Null).await;
    let seen = stall.announced().await.len();
    for card in [
        "pm_card_chargeDeclined",
        "card_4000000000009995",
        "card_1234",
    ] {
        let (status, answer) = stall.confirm(&checkout, card).await;
        assert_eq!(
            (status, &answer["error"]),
            (400, &json!("PaymentError")),
            "{card}"
        );
    }
    assert!(stall.types_after(seen).await.is_empty());
    let checkout = stall.get(&format!("/v1/checkouts/{}", id(&checkout))).await;
    assert_eq!(
        (&checkout["status"], &checkout["customer_name"]),
        (&json!("open"), &Value::Null)
    );
    assert!(
        stall
            .items("/v1/customers/?email=ada%40example.com")
            .await
            .is_empty()
    );
    let reasons: Vec<_> = stall
        .items("/v1/payments/?sorting=created_at")
        .await
        .iter()
        .map(|payment| payment["decline_reason"].clone())
        .collect();
    assert_eq!(
        reasons,
        ["generic_decline", "insufficient_funds", "incorrect_number"]
    );
}

#[tokio::test]
async fn an_authentication_decides_whether_the_checkout_succeeds_or_opens_again() {
    let stall = Stall::open().await;
    let discount =
        json!({"name": "One", "type": "percentage", "basis_points": 100, "duration": "once"});
    let discount = stall.post("/v1/discounts/", discount).await;
    let product = stall.product(2900, None, Value::Null).await;
    let with = json!({"discount_id": discount["id"]});
    let checkout = stall.checkout(&product, EMAIL, with).await;
    let uses = format!("/v1/discounts/{}", id(&discount));
    let challenge = format!("/sandbox/checkouts/{}/challenge", id(&checkout));

    let (_, answer) = stall.confirm(&checkout, "card_4000002500003155").await;
    assert_eq!(
        answer["payment_processor_metadata"]["intent_status"],
        "requires_action"
    );
    stall.advance("PT1H").await;
    assert_eq!(stall.get(&uses).await["redemptions_count"], 1);
    stall
        .sandbox
        .control(&challenge, json!({"outcome": "failed"}))
        .await;
    stall.settle().await;
    assert_eq!(
        stall.get(&uses).await["redemptions_count"],
        0,
        "a failed payment frees it"
    );

    let (status, _) = stall.confirm(&checkout, "card_4000002500003155").await;
    assert_eq!(status, 200, "it is open again");
    stall
        .sandbox
        .control(&challenge, json!({"outcome": "succeeded"}))
        .await;
    stall.settle().await;
    let checkout = stall.get(&format!("/v1/checkouts/{}", id(&checkout))).await;
    assert_eq!(checkout["status"], "succeeded");
    assert_eq!(stall.get(&uses).await["redemptions_count"], 1);
}

#[tokio::test]
async fn an_open_checkout_expires_at_the_sweep_after_its_day_and_only_says_expired() {
    let stall = Stall::open().await;
    let product = stall.product(2900, None, Value::Null).await;
    let checkout = stall.checkout(&product, EMAIL, Value::Null).await;
    let path = format!("/v1/checkouts/{}", id(&checkout));
    let seen = stall.announced().await.len();
    stall.advance("PT24H").await;
    assert_eq!(
        stall.get(&path).await["status"],
        "open",
        "the sweep has not come round"
    );
    let (status, _) = stall
        .buyer(Method::GET, &client(&checkout, ""), Value::Null)
        .await;
    assert_eq!(status, 410, "but the buyer's time is up");
    stall.advance("PT15M").await;
    let expired = stall.get(&path).await;
    assert_eq!(expired["status"], "expired");
    assert_eq!(
        moment(&expired["modified_at"]).as_second() % 900,
        0,
        "at a quarter of an hour"
    );
    assert_eq!(stall.types_after(seen).await, ["checkout.expired"]);
}

#[tokio::test]
async fn a_discount_for_one_use_each_is_refused_to_the_same_person_under_another_tag() {
    let stall = Stall::open().await;
    let discount = json!({
        "name": "Each once", "type": "percentage", "basis_points": 5000, "duration": "once",
        "max_redemptions_per_customer": 1,
    });
    let discount = stall.post("/v1/discounts/", discount).await;
    let product = stall.product(2900, None, Value::Null).await;
    let with = json!({"discount_id": discount["id"]});
    stall
        .buy(&product, EMAIL, "pm_card_visa", with.clone())
        .await;
    // The buyer hears of it as soon as they say who they are, or else when they pay with a known card.
    let again = stall
        .post(
            "/v1/checkouts/",
            json!({"products": [product["id"]], "discount_id": discount["id"]}),
        )
        .await;
    let body = json!({"customer_email": "Ada+again@example.com"});
    let said = stall.buyer(Method::PATCH, &client(&again, ""), body).await;
    let other = stall
        .checkout(&product, "bob@example.com", with.clone())
        .await;
    let paid = stall.confirm(&other, "pm_card_visa").await;
    for (status, answer) in [said, paid] {
        assert_eq!(
            (status, &answer["error"]),
            (403, &json!("DiscountRedemptionLimitReached"))
        );
    }
    assert_eq!(stall.confirm(&other, "pm_card_mastercard").await.0, 200);
}

#[tokio::test]
async fn an_external_id_that_another_email_took_meanwhile_is_refused() {
    let stall = Stall::open().await;
    let product = stall.product(0, None, Value::Null).await;
    let with = json!({"external_customer_id": "one"});
    let checkout = stall.checkout(&product, EMAIL, with).await;
    let body = json!({"email": "bob@example.com", "external_id": "one"});
    stall.post("/v1/customers/", body).await;
    let (status, answer) = stall.confirm(&checkout, "pm_card_visa").await;
    assert_eq!(
        (status, &answer["error"]),
        (422, &json!("CheckoutCustomerExternalIdMismatch"))
    );
    assert!(answer["detail"].is_string());
}

#[tokio::test]
async fn refunding_in_steps_gives_back_the_tax_to_the_last_cent() {
    let stall = Stall::open().await;
    let product = stall.product(2900, None, Value::Null).await;
    let checkout = stall.checkout(&product, EMAIL, Value::Null).await;
    let body = json!({"customer_billing_address": {"country": "DE"}});
    stall
        .buyer(Method::PATCH, &client(&checkout, ""), body)
        .await;
    stall.confirm(&checkout, "pm_card_visa").await;
    stall.settle().await;
    let order = stall.items("/v1/orders/").await[0].clone();
    assert_eq!(
        (&order["net_amount"], &order["tax_amount"]),
        (&json!(2437), &json!(463))
    );
    let seen = stall.announced().await.len();
    let refund =
        |amount: i64| json!({"order_id": order["id"], "reason": "other", "amount": amount});
    let first = stall.post("/v1/refunds/", refund(500)).await;
    assert_eq!(first["tax_amount"], 95);
    let rest = stall.post("/v1/refunds/", refund(1937)).await;
    assert_eq!(
        rest["tax_amount"],
        463 - 95,
        "whatever is left, not a rounded share"
    );
    let order = stall.get(&format!("/v1/orders/{}", id(&order))).await;
    assert_eq!(
        (&order["status"], &order["refunded_tax_amount"]),
        (&json!("refunded"), &json!(463))
    );
    let once = ["refund.created", "order.updated", "order.refunded"];
    assert_eq!(stall.types_after(seen).await, [once, once].concat());
}

#[tokio::test]
async fn another_organization_sees_none_of_it() {
    let stall = Stall::open().await;
    let product = stall.product(2900, Some("month"), Value::Null).await;
    let checkout = stall
        .buy(&product, EMAIL, "pm_card_visa", Value::Null)
        .await;
    let credentials = stall.sandbox.get("/sandbox/credentials").await;
    let credentials: Value = credentials.json().await.unwrap();
    let token = credentials["other_access_token"].as_str().unwrap();
    let order = &stall.items("/v1/orders/").await[0];
    let payment = &stall.items("/v1/payments/").await[0];
    let paths = [
        format!("/v1/products/{}", id(&product)),
        format!("/v1/checkouts/{}", id(&checkout)),
        format!(
            "/v1/customers/{}",
            checkout["customer_id"].as_str().unwrap()
        ),
        format!("/v1/orders/{}", id(order)),
        format!("/v1/payments/{}", id(payment)),
        format!(
            "/v1/subscriptions/{}",
            checkout["subscription_id"].as_str().unwrap()
        ),
    ];
    for path in paths {
        let request = stall.sandbox.request(Method::GET, &path).bearer_auth(token);
        assert_eq!(request.send().await.unwrap().status(), 404, "{path}");
    }
}
