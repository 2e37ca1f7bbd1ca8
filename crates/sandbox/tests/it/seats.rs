//! Seats: whoever sits on one has what the product gives, for as long.

use serde_json::{Value, json};

use crate::shop::{Purchase, Shop, id};

async fn team(shop: &Shop) -> Purchase {
    let benefit = shop.benefit("feature_flag", json!({})).await;
    let tiers = json!([{"min_seats": 1, "max_seats": null, "price_per_seat": 1000}]);
    let price = json!([{
        "amount_type": "seat_based",
        "price_currency": "usd",
        "seat_tiers": {"tiers": tiers},
    }]);
    let product = shop.product(price, Some("month"), &[&benefit]).await;
    shop.buy(&product, json!({"seats": 3})).await
}

async fn give(shop: &Shop, subscription: &str, email: &str, at_once: bool) -> Value {
    let body = json!({"subscription_id": subscription, "email": email, "immediate_claim": at_once});
    shop.post("/v1/customer-seats", body).await
}

async fn granted_members(shop: &Shop) -> Vec<Value> {
    let path = "/v1/benefit-grants/?is_granted=true&sorting=created_at";
    let grants = shop.items(path).await;
    grants
        .iter()
        .map(|grant| grant["member"]["email"].clone())
        .collect()
}

#[tokio::test]
async fn a_seat_gives_what_the_product_gives_once_somebody_sits_there() {
    let shop = Shop::open().await;
    let bought = team(&shop).await;
    let subscription = shop.subscription(&bought).await;
    assert_eq!(granted_members(&shop).await, ["ada@example.com"]);
    give(&shop, &subscription, "bob@example.com", false).await;
    shop.settle().await;
    assert_eq!(granted_members(&shop).await, ["ada@example.com"]);
    let seat = give(&shop, &subscription, "eve@example.com", true).await;
    shop.settle().await;
    let both = ["ada@example.com", "eve@example.com"];
    assert_eq!(granted_members(&shop).await, both);
    shop.delete(&format!("/v1/customer-seats/{}", id(&seat)))
        .await;
    shop.settle().await;
    assert_eq!(granted_members(&shop).await, ["ada@example.com"]);
}

#[tokio::test]
async fn seats_end_with_the_subscription() {
    let shop = Shop::open().await;
    let bought = team(&shop).await;
    let subscription = shop.subscription(&bought).await;
    give(&shop, &subscription, "bob@example.com", false).await;
    shop.delete(&format!("/v1/subscriptions/{subscription}"))
        .await;
    shop.settle().await;
    let path = format!("/v1/customer-seats?subscription_id={subscription}");
    let seats = shop.get(&path).await;
    let statuses: Vec<_> = seats["seats"].as_array().unwrap().iter().collect();
    assert!(
        statuses.iter().all(|seat| seat["status"] == "revoked"),
        "{seats}"
    );
    assert_eq!(granted_members(&shop).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_member_who_leaves_leaves_the_seat() {
    let shop = Shop::open().await;
    let bought = team(&shop).await;
    let subscription = shop.subscription(&bought).await;
    let seat = give(&shop, &subscription, "bob@example.com", true).await;
    let member = seat["member_id"].as_str().unwrap();
    let path = format!("/v1/customers/{}/members/{member}", bought.customer);
    shop.delete(&path).await;
    shop.settle().await;
    assert_eq!(granted_members(&shop).await, ["ada@example.com"]);
    let path = format!("/v1/customer-seats?subscription_id={subscription}");
    assert_eq!(shop.get(&path).await["available_seats"], 2);
}
