//! The portal: what a session opens, for how long, and to whom.

use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Shop, id};

const ME: &str = "/v1/customer-portal/customers/me";

async fn team(shop: &Shop) -> String {
    let body = json!({
        "type": "team",
        "email": "team@example.com",
        "owner": {"email": "owner@example.com"},
    });
    id(&shop.post("/v1/customers/", body).await)
}

#[tokio::test]
async fn a_session_ends_after_an_hour_and_with_its_customer() {
    let shop = Shop::open().await;
    let customer = json!({"email": "ada@example.com", "external_id": "ada"});
    let customer = id(&shop.post("/v1/customers/", customer).await);
    let token = shop.session(json!({"customer_id": customer})).await;
    let me = async |token: &str| {
        let (status, _) = shop.as_(Some(token), Method::GET, ME, Value::Null).await;
        status
    };
    assert_eq!(me(&token).await, 200);
    shop.skip("PT59M").await;
    assert_eq!(me(&token).await, 200);
    shop.skip("PT1M").await;
    assert_eq!(me(&token).await, 401);
    let token = shop.session(json!({"external_customer_id": "ada"})).await;
    shop.delete(&format!("/v1/customers/{customer}")).await;
    assert_eq!(me(&token).await, 401);
}

#[tokio::test]
async fn a_team_must_say_which_member_comes() {
    let shop = Shop::open().await;
    let team = team(&shop).await;
    let path = "/v1/customer-sessions/";
    let body = json!({"customer_id": team});
    let (status, refused) = shop.sandbox.call(Method::POST, path, body).await;
    assert_eq!(status, 422, "{refused}");
    assert_eq!(refused["detail"][0]["loc"], json!(["body", "member_id"]));
}

#[tokio::test]
async fn a_plain_member_sees_neither_bills_nor_members() {
    let shop = Shop::open().await;
    let team = team(&shop).await;
    let member = |role: &str| json!({"email": format!("{role}@example.com"), "role": role});
    for (role, expected) in [("member", 403), ("billing_manager", 200)] {
        let members = format!("/v1/customers/{team}/members");
        let made = shop.post(&members, member(role)).await;
        let session = json!({"customer_id": team, "member_id": made["id"]});
        let token = shop.session(session).await;
        assert!(token.starts_with("polar_mst_"));
        for path in ["orders/", "customers/me/payment-methods", "members"] {
            let path = format!("/v1/customer-portal/{path}");
            let (status, answer) = shop
                .as_(Some(&token), Method::GET, &path, Value::Null)
                .await;
            assert_eq!(status, expected, "{role} {path}: {answer}");
        }
        for path in [ME, "/v1/customer-portal/subscriptions/"] {
            let (status, _) = shop.as_(Some(&token), Method::GET, path, Value::Null).await;
            assert_eq!(status, 200, "{role} {path}");
        }
    }
}

#[tokio::test]
async fn nobody_reads_what_belongs_to_another_customer() {
    let shop = Shop::open().await;
    let benefit = shop.benefit("license_keys", json!({})).await;
    let product = shop.free(None, &[&benefit]).await;
    shop.buy(&product, json!({})).await;
    let grant = id(&shop.items("/v1/benefit-grants/").await[0]);
    let key = id(&shop.items("/v1/license-keys/").await[0]);
    let order = id(&shop.items("/v1/orders/").await[0]);
    let stranger = id(&shop
        .post("/v1/customers/", json!({"email": "eve@example.com"}))
        .await);
    let token = shop.session(json!({"customer_id": stranger})).await;
    for path in [
        format!("benefit-grants/{grant}"),
        format!("license-keys/{key}"),
        format!("orders/{order}"),
    ] {
        let path = format!("/v1/customer-portal/{path}");
        let (status, _) = shop
            .as_(Some(&token), Method::GET, &path, Value::Null)
            .await;
        assert_eq!(status, 404, "{path}");
    }
    let keys = "/v1/customer-portal/license-keys/";
    let (_, keys) = shop.as_(Some(&token), Method::GET, keys, Value::Null).await;
    assert_eq!(keys["pagination"]["total_count"], 0);
}

#[tokio::test]
async fn activations_are_shown_to_the_holder_only_where_the_seller_lets_them() {
    for (customer_admin, shown) in [(true, 1), (false, 0)] {
        let shop = Shop::open().await;
        let terms = json!({"activations": {"limit": 2, "enable_customer_admin": customer_admin}});
        let benefit = shop.benefit("license_keys", terms).await;
        let product = shop.free(None, &[&benefit]).await;
        let bought = shop.buy(&product, json!({})).await;
        let key = shop.items("/v1/license-keys/").await.remove(0);
        let body = json!({
            "key": key["key"],
            "organization_id": key["organization_id"],
            "label": "laptop",
        });
        let activate = "/v1/customer-portal/license-keys/activate";
        let (status, _) = shop.as_(None, Method::POST, activate, body).await;
        assert_eq!(status, 200);
        let token = shop.session(json!({"customer_id": bought.customer})).await;
        let path = format!("/v1/customer-portal/license-keys/{}", id(&key));
        let (_, seen) = shop
            .as_(Some(&token), Method::GET, &path, Value::Null)
            .await;
        assert_eq!(seen["activations"].as_array().unwrap().len(), shown);
    }
}

#[tokio::test]
async fn a_customer_pays_a_renewal_that_failed_and_is_active_again() {
    let shop = Shop::open().await;
    let price = json!([{"amount_type": "fixed", "price_amount": 900, "price_currency": "usd"}]);
    let product = shop.product(price, Some("month"), &[]).await;
    let bought = shop
        .buy_with("pm_card_chargeCustomerFail", &product, json!({}))
        .await;
    shop.skip("P31D").await;
    let orders = shop.items("/v1/orders/?status=pending").await;
    let token = shop.session(json!({"customer_id": bought.customer})).await;
    let path = format!(
        "/v1/customer-portal/orders/{}/confirm-payment",
        id(&orders[0])
    );
    for (card, expected) in [
        ("pm_card_chargeDeclined", "failed"),
        ("pm_card_visa", "succeeded"),
    ] {
        let body = json!({"confirmation_token_id": card});
        let (status, answer) = shop.as_(Some(&token), Method::POST, &path, body).await;
        assert_eq!((status, &answer["status"]), (200, &json!(expected)));
    }
    shop.settle().await;
    let subscription = shop.subscription(&bought).await;
    let row = shop.get(&format!("/v1/subscriptions/{subscription}")).await;
    assert_eq!(row["status"], "active");
    let body = json!({"confirmation_token_id": "pm_card_visa"});
    let (status, answer) = shop.as_(Some(&token), Method::POST, &path, body).await;
    assert_eq!(
        (status, &answer["error"]),
        (422, &json!("OrderNotEligibleForRetry"))
    );
}
