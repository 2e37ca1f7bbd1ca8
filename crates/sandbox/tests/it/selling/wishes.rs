//! Stories of a seller's wishes for a subscription: what each announces, and how they meet.

use reqwest::Method;
use serde_json::{Value, json};

use super::stall::{Stall, id};

const EMAIL: &str = "ada@example.com";

async fn subscribed(stall: &Stall, product: &Value, extra: Value) -> Value {
    let checkout = stall.buy(product, EMAIL, "pm_card_visa", extra).await;
    stall.subscription(&checkout).await
}

async fn by_seats(stall: &Stall, price_per_seat: i64) -> Value {
    let tiers = json!([{"min_seats": 1, "max_seats": null, "price_per_seat": price_per_seat}]);
    let price = json!({
        "amount_type": "seat_based", "price_currency": "usd", "seat_tiers": {"tiers": tiers},
    });
    let body = json!({"name": "For teams", "recurring_interval": "month", "prices": [price]});
    stall.post("/v1/products/", body).await
}

fn path(subscription: &Value) -> String {
    format!("/v1/subscriptions/{}", id(subscription))
}

#[tokio::test]
async fn every_wish_announces_its_own_events() {
    let stall = Stall::open().await;
    let product = stall.product(1000, Some("month"), Value::Null).await;
    let subscription = subscribed(&stall, &product, Value::Null).await;
    let path = path(&subscription);
    let none = Value::Null;
    let steps: [(Method, Value, &[&str]); 8] = [
        (Method::PATCH, json!({}), &["updated"]),
        (
            Method::PATCH,
            json!({"pause_at_period_end": true}),
            &["updated"],
        ),
        (
            Method::PATCH,
            json!({"cancel_at_period_end": true}),
            &["updated", "canceled"],
        ),
        (
            Method::PATCH,
            json!({"cancel_at_period_end": false}),
            &["updated", "uncanceled"],
        ),
        (
            Method::PATCH,
            json!({"pause_at_period_end": true}),
            &["updated"],
        ),
        (
            Method::PATCH,
            json!({"pause_at_period_end": false}),
            &["updated"],
        ),
        (
            Method::PATCH,
            json!({"current_billing_period_end": "2028-01-01T00:00:00Z"}),
            &["updated"],
        ),
        (Method::DELETE, none, &["updated", "canceled", "revoked"]),
    ];
    for (method, body, expected) in steps {
        let seen = stall.announced().await.len();
        let said = body.to_string();
        let (status, answer) = stall.sandbox.call(method, &path, body).await;
        assert_eq!(status, 200, "{said}: {answer}");
        let told = stall.types_after(seen).await;
        let told: Vec<_> = told
            .iter()
            .filter_map(|kind| kind.strip_prefix("subscription."))
            .collect();
        assert_eq!(told, expected, "{said}");
        let both = [
            &answer["cancel_at_period_end"],
            &answer["pause_at_period_end"],
        ];
        assert_ne!(both, [true, true], "{said}");
    }
}

#[tokio::test]
async fn whoever_changes_back_at_once_pays_nothing_for_it() {
    let stall = Stall::open().await;
    let cheap = stall.product(1000, Some("month"), Value::Null).await;
    let dear = stall.product(7777, Some("month"), Value::Null).await;
    let subscription = subscribed(&stall, &cheap, Value::Null).await;
    stall.advance("P11DT7H").await;
    for product in [&dear, &cheap, &dear, &cheap] {
        let body = json!({"product_id": product["id"], "proration_behavior": "prorate"});
        stall.patch(&path(&subscription), body).await;
    }
    stall.advance("P21D").await;
    let orders = stall.orders(&subscription).await;
    let amounts: Vec<_> = orders
        .iter()
        .map(|order| order["net_amount"].as_i64().unwrap())
        .collect();
    assert_eq!(
        amounts,
        [1000, 1000],
        "the next bill is as if nothing had been"
    );
}

#[tokio::test]
async fn wishes_for_the_next_period_add_up() {
    let stall = Stall::open().await;
    let (one, other) = (by_seats(&stall, 1000).await, by_seats(&stall, 300).await);
    let subscription = subscribed(&stall, &one, json!({"seats": 2})).await;
    let path = path(&subscription);
    let later =
        |field: &str, value: Value| json!({field: value, "proration_behavior": "next_period"});
    stall.patch(&path, later("seats", json!(5))).await;
    let waiting = stall
        .patch(&path, later("product_id", other["id"].clone()))
        .await;
    assert_eq!(
        (&waiting["seats"], &waiting["amount"]),
        (&json!(2), &json!(2000))
    );
    let pending = &waiting["pending_update"];
    assert_eq!(
        (&pending["product_id"], &pending["seats"]),
        (&other["id"], &json!(5))
    );
    stall.advance("P32D").await;
    let after = stall.get(&path).await;
    assert_eq!(
        (&after["product_id"], &after["seats"], &after["amount"]),
        (&other["id"], &json!(5), &json!(1500))
    );
    let orders = stall.orders(&subscription).await;
    assert_eq!(orders.last().unwrap()["net_amount"], 1500);
}

#[tokio::test]
async fn seats_added_now_are_charged_for_what_is_left() {
    let stall = Stall::open().await;
    let product = by_seats(&stall, 1000).await;
    let subscription = subscribed(&stall, &product, json!({"seats": 2})).await;
    let body = json!({"seats": 4, "proration_behavior": "invoice"});
    let changed = stall.patch(&path(&subscription), body).await;
    assert_eq!(
        (&changed["seats"], &changed["amount"]),
        (&json!(4), &json!(4000))
    );
    stall.settle().await;
    let orders = stall.orders(&subscription).await;
    let order = orders.last().unwrap();
    assert_eq!(
        (&order["billing_reason"], &order["status"]),
        (&json!("subscription_update"), &json!("paid"))
    );
    let net = order["net_amount"].as_i64().unwrap();
    assert!((1999..=2000).contains(&net), "{net}");
}
