//! Benefits in customers' hands: given, kept, brought up to date, taken back.

use reqwest::Method;
use serde_json::{Value, json};

use crate::receiver::{Arrived, Receiver};
use crate::shop::{Shop, id};

async fn key(shop: &Shop, benefit: &str) -> Value {
    let path = format!("/v1/license-keys/?benefit_id={benefit}");
    let keys = shop.items(&path).await;
    assert_eq!(keys.len(), 1, "{keys:?}");
    keys[0].clone()
}

#[tokio::test]
async fn a_changed_limit_reaches_the_keys_that_are_out_but_a_changed_prefix_does_not() {
    let shop = Shop::open().await;
    let terms = |limit: i64, prefix: &str| json!({"prefix": prefix, "limit_usage": limit});
    let benefit = shop.benefit("license_keys", terms(5, "old")).await;
    let product = shop.free(None, &[&benefit]).await;
    shop.buy(&product, json!({})).await;
    let before = key(&shop, &benefit).await;
    let body = json!({"type": "license_keys", "properties": terms(9, "new")});
    shop.patch(&format!("/v1/benefits/{benefit}"), body).await;
    shop.settle().await;
    let after = key(&shop, &benefit).await;
    assert_eq!(before["limit_usage"], 5);
    assert_eq!(after["limit_usage"], 9);
    assert_eq!(after["key"], before["key"]);
    assert!(after["key"].as_str().unwrap().starts_with("OLD-"));
}

#[tokio::test]
async fn a_key_revoked_by_hand_takes_its_grant_along_and_brings_it_back() {
    let shop = Shop::open().await;
    let benefit = shop.benefit("license_keys", json!({})).await;
    let product = shop.free(None, &[&benefit]).await;
    let bought = shop.buy(&product, json!({})).await;
    let id = id(&key(&shop, &benefit).await);
    for (status, granted) in [("disabled", 1), ("revoked", 0), ("granted", 1)] {
        let path = format!("/v1/license-keys/{id}");
        shop.patch(&path, json!({"status": status})).await;
        shop.settle().await;
        assert_eq!(
            shop.granted(&bought.customer).await.len(),
            granted,
            "{status}"
        );
    }
    let grants = shop.items("/v1/benefit-grants/").await;
    assert_eq!(grants.len(), 1, "the same row all along");
}

#[tokio::test]
async fn each_purchase_has_a_key_of_its_own_and_loses_only_that() {
    let shop = Shop::open().await;
    let organization = format!(
        "/v1/organizations/{}",
        shop.sandbox.credentials.organization_id
    );
    let several = json!({
        "allow_multiple_subscriptions": true,
        "proration_behavior": "prorate",
        "benefit_revocation_grace_period": 0,
        "prevent_trial_abuse": false,
        "allow_customer_updates": true,
    });
    shop.patch(&organization, json!({"subscription_settings": several}))
        .await;
    let benefit = shop.benefit("license_keys", json!({})).await;
    let product = shop.free(Some("month"), &[&benefit]).await;
    let first = shop.buy(&product, json!({})).await;
    let second = shop.buy(&product, json!({})).await;
    assert_eq!(first.customer, second.customer);
    let ending = shop.subscription(&first).await;
    shop.delete(&format!("/v1/subscriptions/{ending}")).await;
    shop.settle().await;
    let keys = shop.items("/v1/license-keys/?sorting=created_at").await;
    let statuses: Vec<_> = keys.iter().map(|key| &key["status"]).collect();
    assert_eq!(statuses, ["revoked", "granted"]);
    assert_eq!(shop.granted(&first.customer).await, ["license_keys"]);
}

#[tokio::test]
async fn what_needs_an_account_elsewhere_waits_and_says_why() {
    let shop = Shop::open().await;
    let repository = json!({
        "repository_owner": "acme",
        "repository_name": "tool",
        "permission": "pull",
    });
    let benefit = shop.benefit("github_repository", repository).await;
    let product = shop.free(None, &[&benefit]).await;
    let bought = shop.buy(&product, json!({})).await;
    assert_eq!(shop.granted(&bought.customer).await, [""; 0]);
    let grants = shop.items(&format!("/v1/benefits/{benefit}/grants")).await;
    assert_eq!(grants[0]["is_granted"], false);
    assert_eq!(grants[0]["error"]["type"], "BenefitActionRequiredError");
}

#[tokio::test]
async fn a_past_due_subscription_keeps_its_benefits_for_as_long_as_the_seller_is_patient() {
    let shop = Shop::open().await;
    let organization = format!(
        "/v1/organizations/{}",
        shop.sandbox.credentials.organization_id
    );
    let patient = json!({
        "allow_multiple_subscriptions": false,
        "proration_behavior": "prorate",
        "benefit_revocation_grace_period": 3,
        "prevent_trial_abuse": false,
        "allow_customer_updates": true,
    });
    shop.patch(&organization, json!({"subscription_settings": patient}))
        .await;
    let benefit = shop.benefit("custom", json!({"note": null})).await;
    let price = json!([{"amount_type": "fixed", "price_amount": 900, "price_currency": "usd"}]);
    let product = shop.product(price, Some("month"), &[&benefit]).await;
    let bought = shop
        .buy_with("pm_card_chargeCustomerFail", &product, json!({}))
        .await;
    shop.skip("P31D").await;
    let subscription = shop.subscription(&bought).await;
    let row = shop.get(&format!("/v1/subscriptions/{subscription}")).await;
    assert_eq!(row["status"], "past_due");
    assert_eq!(shop.granted(&bought.customer).await, ["custom"]);
    // The second failure, two days later, is still within the grace; the third is not.
    shop.skip("P3D").await;
    assert_eq!(shop.granted(&bought.customer).await, ["custom"]);
    shop.skip("P6D").await;
    assert_eq!(shop.granted(&bought.customer).await, [""; 0]);
}

#[tokio::test]
async fn a_grant_is_announced_with_what_it_was_before() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    let events = json!([
        "benefit_grant.created",
        "benefit_grant.revoked",
        "customer.state_changed"
    ]);
    let body = json!({"url": receiver.url, "format": "raw", "events": events});
    shop.post("/v1/webhooks/endpoints", body).await;
    let benefit = shop.benefit("license_keys", json!({})).await;
    let product = shop.free(Some("month"), &[&benefit]).await;
    let bought = shop.buy(&product, json!({})).await;
    let subscription = shop.subscription(&bought).await;
    shop.delete(&format!("/v1/subscriptions/{subscription}"))
        .await;
    shop.settle().await;
    let mut told: Vec<_> = receiver.arrived().iter().map(Arrived::json).collect();
    told.sort_by_key(|event| event["timestamp"].as_str().unwrap().to_owned());
    let grants: Vec<_> = told
        .iter()
        .filter(|event| event["type"] != "customer.state_changed")
        .collect();
    assert_eq!(grants[0]["type"], "benefit_grant.created");
    assert_eq!(grants[0]["data"]["previous_properties"], json!({}));
    let key = &grants[0]["data"]["properties"]["license_key_id"];
    assert_eq!(grants[1]["type"], "benefit_grant.revoked");
    assert_eq!(
        &grants[1]["data"]["previous_properties"]["license_key_id"],
        key
    );
    let last = told.last().unwrap();
    assert_eq!(last["type"], "customer.state_changed");
    assert_eq!(last["data"]["granted_benefits"], json!([]));
}

#[tokio::test]
async fn a_rotated_key_has_new_words_and_the_old_ones_are_worth_nothing() {
    let shop = Shop::open().await;
    let keys = shop.benefit("license_keys", json!({"prefix": "app"})).await;
    let product = shop.free(None, &[&keys]).await;
    let bought = shop.buy(&product, json!({})).await;
    let old = shop.items("/v1/license-keys/").await[0].clone();
    let rotate = format!("/v1/license-keys/{}/rotate", id(&old));
    let new = shop.post(&rotate, Value::Null).await;
    assert_eq!(new["id"], old["id"]);
    assert_ne!(new["key"], old["key"]);
    assert!(new["key"].as_str().unwrap().starts_with("APP-"));
    let grants = format!("/v1/benefit-grants/?customer_id={}", bought.customer);
    let grant = shop.items(&grants).await[0].clone();
    assert_eq!(grant["properties"]["display_key"], new["display_key"]);
    let ask = json!({"key": old["key"], "organization_id": old["organization_id"]});
    let (status, _) = shop
        .sandbox
        .call(Method::POST, "/v1/license-keys/validate", ask)
        .await;
    assert_eq!(status, 404);

    let token = shop.session(json!({"customer_id": bought.customer})).await;
    let own = format!("/v1/customer-portal/license-keys/{}/rotate", id(&old));
    let (status, again) = shop
        .as_(Some(&token), Method::POST, &own, Value::Null)
        .await;
    assert_eq!(status, 200, "{again}");
    assert_ne!(again["key"], new["key"]);

    shop.patch(
        &format!("/v1/license-keys/{}", id(&old)),
        json!({"status": "revoked"}),
    )
    .await;
    let (status, refused) = shop.sandbox.call(Method::POST, &rotate, Value::Null).await;
    assert_eq!(status, 400);
    assert_eq!(refused["error"], "RotateNotPermitted");
}
