//! How customers come into the portal by themselves: codes by mail, another address, another card.

use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Shop, id};

const PORTAL: &str = "/v1/customer-portal";

/// The secret of the newest letter to somebody.
async fn letter(shop: &Shop, to: &str) -> Option<String> {
    let (status, letters) = shop
        .as_(
            None,
            Method::GET,
            &format!("/sandbox/mails?to={to}"),
            Value::Null,
        )
        .await;
    assert_eq!(status, 200, "{letters}");
    letters["items"][0]["secret"].as_str().map(str::to_owned)
}

/// Calls the portal; gives status and answer.
async fn ask(shop: &Shop, token: Option<&str>, path: &str, body: Value) -> (u16, Value) {
    let path = format!("{PORTAL}/{path}");
    shop.as_(token, Method::POST, &path, body).await
}

async fn customer(shop: &Shop) -> (String, String) {
    let body = json!({"email": "ada@example.com", "name": "Ada"});
    let made = shop.post("/v1/customers/", body).await;
    let token = shop.session(json!({"customer_id": made["id"]})).await;
    (id(&made), token)
}

#[tokio::test]
async fn a_code_by_mail_opens_the_portal_once() {
    let shop = Shop::open().await;
    let (customer, _) = customer(&shop).await;
    let organization = shop.sandbox.credentials.organization_id.clone();
    let request = async |email: &str| {
        let body = json!({"email": email, "organization_id": organization});
        let (status, answer) = ask(&shop, None, "customer-session/request", body).await;
        assert_eq!((status, answer), (202, Value::Null));
    };
    request("nobody@example.com").await;
    assert_eq!(letter(&shop, "nobody@example.com").await, None);
    request("ADA@example.com").await;
    let code = letter(&shop, "ada@example.com").await.unwrap();
    assert_eq!(code.len(), 6);
    let enter = async |code: &str| {
        let body = json!({"code": code});
        ask(&shop, None, "customer-session/authenticate", body).await
    };
    let (status, answer) = enter(&code).await;
    assert_eq!(status, 200, "{answer}");
    let token = answer["token"].as_str().unwrap();
    let me = format!("{PORTAL}/customers/me");
    let (_, me) = shop.as_(Some(token), Method::GET, &me, Value::Null).await;
    assert_eq!(
        (&me["id"], &me["email_verified"]),
        (&json!(customer), &json!(true))
    );
    let (status, answer) = enter(&code).await;
    assert_eq!(
        (status, &answer["error"]),
        (401, &json!("CustomerSessionCodeInvalidOrExpired"))
    );
    request("ada@example.com").await;
    let code = letter(&shop, "ada@example.com").await.unwrap();
    shop.skip("PT31M").await;
    assert_eq!(enter(&code).await.0, 401, "a code grows old");
}

#[tokio::test]
async fn an_address_changes_once_the_new_one_has_answered() {
    let shop = Shop::open().await;
    let (customer, token) = customer(&shop).await;
    let change = async || {
        let body = json!({"email": "new@example.com"});
        ask(
            &shop,
            Some(&token),
            "customers/me/email-update/request",
            body,
        )
        .await
    };
    let (status, answer) = change().await;
    assert_eq!(
        (status, &answer["error"]),
        (403, &json!("NotPermitted")),
        "unless the seller lets them"
    );
    let organization = &shop.sandbox.credentials.organization_id;
    let path = format!("/v1/organizations/{organization}");
    let mut settings = shop.get(&path).await["customer_portal_settings"].clone();
    settings["customer"]["allow_email_change"] = true.into();
    shop.patch(&path, json!({"customer_portal_settings": settings}))
        .await;
    assert_eq!(change().await.0, 202);
    let secret = letter(&shop, "new@example.com").await.unwrap();
    let verify = async || {
        let body = json!({"token": secret});
        ask(&shop, None, "customers/me/email-update/verify", body).await
    };
    let (status, answer) = verify().await;
    assert_eq!(status, 200, "{answer}");
    let row = shop.get(&format!("/v1/customers/{customer}")).await;
    assert_eq!(row["email"], "new@example.com");
    let (status, answer) = verify().await;
    assert_eq!(
        (status, &answer["error"]),
        (401, &json!("InvalidCustomerEmailUpdate"))
    );
}

#[tokio::test]
async fn a_card_whose_bank_asks_is_kept_once_it_is_confirmed() {
    let shop = Shop::open().await;
    let (_, token) = customer(&shop).await;
    let add = async |card: &str| {
        let body = json!({
            "confirmation_token_id": card, "set_default": true, "return_url": "https://acme.example",
        });
        ask(&shop, Some(&token), "customers/me/payment-methods", body).await
    };
    let (status, answer) = add("pm_card_chargeDeclined").await;
    assert_eq!(
        (status, &answer["error"]),
        (400, &json!("PaymentMethodSetupFailed"))
    );
    let (_, answer) = add("pm_card_authenticationRequired").await;
    assert_eq!(answer["status"], "requires_action");
    let secret = answer["client_secret"].as_str().unwrap();
    let (setup, _) = secret.split_once("_secret_").unwrap();
    let confirm = async |setup: &str| {
        let body = json!({"setup_intent_id": setup, "set_default": true});
        let path = "customers/me/payment-methods/confirm";
        ask(&shop, Some(&token), path, body).await
    };
    assert_eq!(confirm("seti_unknown").await.0, 422);
    let (status, answer) = confirm(setup).await;
    assert_eq!(
        (status, &answer["status"]),
        (201, &json!("succeeded")),
        "{answer}"
    );
    let path = format!("{PORTAL}/customers/me/payment-methods");
    let (_, list) = shop
        .as_(Some(&token), Method::GET, &path, Value::Null)
        .await;
    assert_eq!(list["items"][0]["method_metadata"]["last4"], "3155");
}

#[tokio::test]
async fn a_payment_names_one_card_and_no_more() {
    let shop = Shop::open().await;
    let price = json!([{"amount_type": "fixed", "price_amount": 900, "price_currency": "usd"}]);
    let product = shop.product(price, Some("month"), &[]).await;
    let bought = shop.buy(&product, json!({})).await;
    let token = shop.session(json!({"customer_id": bought.customer})).await;
    let order = id(&shop.items("/v1/orders/").await[0]);
    let path = format!("orders/{order}/confirm-payment");
    let (status, answer) = ask(&shop, Some(&token), &path, json!({})).await;
    assert_eq!(
        (status, &answer["detail"][0]["msg"]),
        (
            422,
            &json!(
                "Value error, Either confirmation_token_id or payment_method_id must be provided"
            )
        )
    );
    let body = json!({"confirmation_token_id": "pm_card_visa"});
    let (status, answer) = ask(&shop, Some(&token), &path, body).await;
    assert_eq!(
        (status, &answer["detail"]),
        (
            422,
            &json!(format!("Order {order} is not eligible for payment retry."))
        )
    );
}
