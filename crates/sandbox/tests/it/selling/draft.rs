//! Charges that nobody sits in front of: a draft, and what becomes of it.

use reqwest::Method;
use serde_json::{Value, json};

use super::stall::{Stall, id};
use crate::running::read;

const EMAIL: &str = "ada@example.com";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
const MONTHLY: Option<&str> = Some("month");

impl Stall {
    /// Polar opens these charges to the stall.
    async fn opened() -> Self {
        let stall = Self::open().await;
        stall
            .switch(json!({"off_session_charges_enabled": true}))
            .await;
        stall
    }

    async fn switch(&self, features: Value) {
        self.staff("features", features).await;
    }

    /// A customer with this card on file.
    async fn regular(&self, email: &str, card: &str) -> String {
        let product = self.product(900, MONTHLY, Value::Null).await;
        let checkout = self.checkout(&product, email, Value::Null).await;
        let (status, answer) = self.confirm(&checkout, card).await;
        assert_eq!(status, 200, "{answer}");
        if answer["payment_processor_metadata"]["intent_status"] == "requires_action" {
            let path = format!("/sandbox/checkouts/{}/challenge", id(&checkout));
            let body = json!({"outcome": "succeeded"});
            self.sandbox.control(&path, body).await;
        }
        self.settle().await;
        answer["customer_id"].as_str().unwrap().to_owned()
    }

    async fn draft(&self, body: Value) -> (u16, Value) {
        self.sandbox.call(Method::POST, "/v1/orders/", body).await
    }

    async fn finalize(&self, order: &Value, body: Value) -> (u16, Value) {
        let path = format!("/v1/orders/{}/finalize", id(order));
        self.sandbox.call(Method::POST, &path, body).await
    }
}

#[tokio::test]
async fn a_draft_is_charged_when_the_seller_says_so() {
    let stall = Stall::opened().await;
    let customer = stall.regular(EMAIL, "pm_card_visa").await;
    let product = stall.product_with_benefit(2500, None).await;
    let seen = stall.announced().await.len();
    let wish = json!({
        "customer_id": customer, "product_id": product["id"], "amount": 4200,
        "description": "  5,000 tokens ", "metadata": {"why": "overage"},
    });
    let (status, order) = stall.draft(wish).await;
    assert_eq!(status, 201, "{order}");
    assert_eq!(
        (&order["status"], &order["paid"]),
        (&json!("draft"), &json!(false))
    );
    assert_eq!(
        (&order["invoice_number"], &order["receipt_number"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        (&order["subtotal_amount"], &order["due_amount"]),
        (&json!(4200), &json!(4200))
    );
    assert_eq!(order["items"][0]["label"], "5,000 tokens");
    assert_eq!(order["description"], product["name"]);
    assert_eq!(order["metadata"]["why"], "overage");
    assert_eq!(stall.types_after(seen).await, ["order.created"]);

    let (status, paid) = stall.finalize(&order, Value::Null).await;
    assert_eq!(status, 200, "{paid}");
    assert_eq!(
        (&paid["status"], &paid["id"]),
        (&json!("paid"), &order["id"])
    );
    assert!(paid["invoice_number"].as_str().unwrap().ends_with("-0002"));
    assert!(paid["receipt_number"].as_str().unwrap().ends_with("-0002"));
    let told = stall.types_after(seen + 1).await;
    assert_eq!(told[..2], ["order.updated", "order.paid"]);
    assert!(
        told.contains(&"benefit_grant.created".to_owned()),
        "{told:?}"
    );
    let payments = stall
        .items(&format!("/v1/payments/?order_id={}", id(&order)))
        .await;
    assert_eq!(payments.len(), 1);
    assert_eq!(
        (&payments[0]["amount"], &payments[0]["trigger"]),
        (&json!(4200), &Value::Null)
    );
    let (status, answer) = stall.finalize(&order, json!({})).await;
    assert_eq!((status, &answer["error"]), (412, &json!("OrderNotDraft")));
}

#[tokio::test]
async fn what_cannot_be_charged_stays_a_draft() {
    let stall = Stall::opened().await;
    let product = stall.product(2500, None, Value::Null).await;
    let stranger = json!({"email": "eve@example.com"});
    let stranger = stall.post("/v1/customers/", stranger).await;
    let cards = [
        (
            "pm_card_chargeCustomerFail",
            "PaymentFailed",
            "card_error",
            1,
        ),
        ("card_4000002760003184", "PaymentActionRequired", "3DS", 0),
    ];
    let mut cases = vec![(
        id(&stranger).to_owned(),
        "PaymentFailed",
        "missing_payment_method",
        0,
    )];
    for (number, (card, error, reason, tries)) in cards.into_iter().enumerate() {
        let email = format!("ada{number}@example.com");
        cases.push((stall.regular(&email, card).await, error, reason, tries));
    }
    for (customer, error, reason, tries) in cases {
        let body = json!({"customer_id": customer, "product_id": product["id"]});
        let (_, order) = stall.draft(body).await;
        let seen = stall.announced().await.len();
        let (status, answer) = stall.finalize(&order, json!({})).await;
        assert_eq!((status, answer["error"].as_str()), (402, Some(error)));
        assert!(
            answer["detail"].as_str().unwrap().contains(reason),
            "{answer}"
        );
        let order = stall.get(&format!("/v1/orders/{}", id(&order))).await;
        assert_eq!(
            (&order["status"], &order["invoice_number"]),
            (&json!("draft"), &Value::Null)
        );
        let payments = stall
            .items(&format!("/v1/payments/?order_id={}", id(&order)))
            .await;
        assert_eq!(payments.len(), tries, "{error}");
        assert!(payments.iter().all(|row| row["status"] == "failed"));
        assert!(stall.types_after(seen).await.is_empty());
    }
}

#[tokio::test]
async fn another_card_or_another_day_saves_a_draft() {
    let stall = Stall::opened().await;
    let product = stall.product(2500, None, Value::Null).await;
    let customer = stall.regular(EMAIL, "pm_card_chargeCustomerFail").await;
    let other = stall.regular("bob@example.com", "pm_card_visa").await;
    let strange = stall
        .items(&format!("/v1/customers/{other}/payment-methods"))
        .await[0]["id"]
        .clone();
    let session = json!({"customer_id": customer});
    let session = stall.post("/v1/customer-sessions/", session).await;
    let path = "/v1/customer-portal/customers/me/payment-methods";
    let wish = json!({"confirmation_token_id": "pm_card_mastercard", "set_default": false, "return_url": "http://localhost/"});
    let added = stall.sandbox.request(Method::POST, path);
    let added = added
        .bearer_auth(session["token"].as_str().unwrap())
        .json(&wish);
    let (status, good) = read(added).await;
    assert_eq!(status, 201, "{good}");
    let body = json!({"customer_id": customer, "product_id": product["id"]});
    let (_, order) = stall.draft(body).await;
    let (status, answer) = stall
        .finalize(&order, json!({"payment_method_id": strange}))
        .await;
    assert_eq!((status, &answer["error"]), (402, &json!("PaymentFailed")));
    let good = json!({"payment_method_id": good["payment_method"]["id"]});
    for (what, body, error) in [
        (
            "status",
            json!({"status": "created"}),
            "OrganizationNotReadyForPayments",
        ),
        (
            "features",
            json!({"off_session_charges_enabled": false}),
            "OffSessionChargesNotEnabled",
        ),
    ] {
        stall.staff(what, body).await;
        let (status, answer) = stall.finalize(&order, good.clone()).await;
        assert_eq!((status, answer["error"].as_str()), (403, Some(error)));
    }
    stall.staff("status", json!({"status": "active"})).await;
    stall
        .switch(json!({"off_session_charges_enabled": true}))
        .await;
    let (status, paid) = stall.finalize(&order, good).await;
    assert_eq!((status, &paid["status"]), (200, &json!("paid")), "{paid}");
}

#[tokio::test]
async fn what_is_not_worth_a_charge_is_owed() {
    let stall = Stall::opened().await;
    let product = stall.product(0, None, Value::Null).await;
    let customer = stall.regular(EMAIL, "pm_card_visa").await;
    let body = json!({"customer_id": customer, "product_id": product["id"]});
    let (_, order) = stall.draft(body).await;
    let (status, paid) = stall.finalize(&order, json!({})).await;
    assert_eq!((status, &paid["status"]), (200, &json!("paid")), "{paid}");
    assert_eq!(paid["receipt_number"], Value::Null);
    assert!(paid["invoice_number"].is_string());
    let payments = format!("/v1/payments/?order_id={}", id(&order));
    assert!(stall.items(&payments).await.is_empty());
}

#[tokio::test]
async fn a_draft_is_no_bill_yet() {
    let stall = Stall::opened().await;
    let product = stall.product(2500, None, Value::Null).await;
    let customer = stall.regular(EMAIL, "pm_card_visa").await;
    let body = json!({"customer_id": customer, "product_id": product["id"]});
    let (_, order) = stall.draft(body).await;
    let path = format!("/v1/orders/{}", id(&order));
    let details =
        json!({"billing_name": "Ada", "billing_address": {"country": "US", "state": "US-CA"}});
    stall.patch(&path, details).await;
    let asked = stall
        .sandbox
        .call(Method::POST, &format!("{path}/invoice"), Value::Null)
        .await;
    assert_eq!(
        (asked.0, &asked.1["error"]),
        (409, &json!("OrderNotEligibleForInvoice"))
    );
    let back = json!({"order_id": order["id"], "reason": "other", "amount": 100});
    let (status, answer) = stall.sandbox.call(Method::POST, "/v1/refunds/", back).await;
    assert_eq!(
        (status, &answer["error"]),
        (404, &json!("RefundUnknownPayment"))
    );
    let drafts = stall.items("/v1/orders/?status=draft").await;
    assert_eq!(drafts.len(), 1);
    let sorted = stall.items("/v1/orders/?sorting=status").await;
    assert_eq!(sorted[0]["status"], "draft");
}

/// Asks for a draft with these changes and expects to be told what is wrong with it.
async fn refuses(stall: &Stall, usual: &Value, cases: &[(Value, &str, &str)]) {
    for (change, field, words) in cases {
        let mut body = usual.clone();
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let (status, answer) = stall.draft(body).await;
        assert_eq!(status, 422, "{answer}");
        let flaw = &answer["detail"][0];
        let told = (&flaw["loc"], &flaw["msg"]);
        assert_eq!(told, (&json!(["body", field]), &json!(words)));
    }
}

#[tokio::test]
async fn only_what_costs_everybody_the_same_is_charged_by_hand() {
    let stall = Stall::opened().await;
    let customer = stall.post("/v1/customers/", json!({"email": EMAIL})).await;
    let fixed = stall.product(2500, None, Value::Null).await;
    let monthly = stall.product(2500, MONTHLY, Value::Null).await;
    let tiers = json!({"tiers": [{"min_seats": 1, "price_per_seat": 700}]});
    let seats = json!({"amount_type": "seat_based", "seat_tiers": tiers});
    let priced = |price: Value| json!({"name": "Other", "prices": [price]});
    let seats = stall.post("/v1/products/", priced(seats)).await;
    let chosen = priced(json!({"amount_type": "custom"}));
    let chosen = stall.post("/v1/products/", chosen).await;
    let usual = json!({"customer_id": customer["id"], "product_id": fixed["id"]});
    let cases = [
        (
            json!({"product_id": NOBODY}),
            "product_id",
            "Product does not exist.",
        ),
        (
            json!({"product_id": monthly["id"]}),
            "product_id",
            "Subscription products are not supported by the off-session charge API. Use a one-time product.",
        ),
        (
            json!({"product_id": seats["id"]}),
            "product_id",
            "Seat-based products are not supported by the off-session charge API.",
        ),
        (
            json!({"product_id": chosen["id"]}),
            "product_id",
            "Off-session charges only support fixed-price products.",
        ),
        (
            json!({"customer_id": NOBODY}),
            "customer_id",
            "Customer does not exist.",
        ),
    ];
    refuses(&stall, &usual, &cases).await;
}

#[tokio::test]
async fn an_amount_and_a_currency_of_one_s_own_have_bounds() {
    let stall = Stall::opened().await;
    let customer = stall.post("/v1/customers/", json!({"email": EMAIL})).await;
    let fixed = stall.product(2500, None, Value::Null).await;
    let usual = json!({"customer_id": customer["id"], "product_id": fixed["id"]});
    let cases = [
        (
            json!({"currency": "eur"}),
            "currency",
            "Product has no price in currency 'eur'.",
        ),
        (
            json!({"amount": 49}),
            "amount",
            "Amount must be at least $0.50.",
        ),
        (
            json!({"amount": 100_000_000}),
            "amount",
            "Amount must be at most $999,999.99.",
        ),
    ];
    refuses(&stall, &usual, &cases).await;
    stall
        .switch(json!({"off_session_charges_enabled": false}))
        .await;
    let (status, answer) = stall.draft(usual).await;
    let error = json!("OffSessionChargesNotEnabled");
    assert_eq!((status, &answer["error"]), (403, &error));
}
