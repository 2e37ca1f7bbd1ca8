//! What the rules of the house forbid, and where the refusal says so.

use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Shop, id};

/// Status, and type and place of the first entry or the error's name.
async fn refusal(shop: &Shop, method: Method, path: &str, body: Value) -> Value {
    let (status, answer) = shop.sandbox.call(method, path, body).await;
    match answer["detail"].as_array() {
        Some(entries) => json!([status, entries[0]["type"], entries[0]["loc"]]),
        None => json!([status, answer["error"]]),
    }
}

async fn refused_post(shop: &Shop, path: &str, body: Value) -> Value {
    refusal(shop, Method::POST, path, body).await
}

fn fixed(amount: i64) -> Value {
    json!([{"amount_type": "fixed", "price_amount": amount, "price_currency": "usd"}])
}

#[tokio::test]
async fn nobody_may_charge_off_session() {
    let shop = Shop::open().await;
    let product = shop.free(None, &[]).await;
    let bought = shop.buy(&product, json!({})).await;
    let order = json!({"customer_id": bought.customer, "product_id": product});
    assert_eq!(
        refused_post(&shop, "/v1/orders/", order).await,
        json!([403, "OffSessionChargesNotEnabled"])
    );
    let orders = shop.items("/v1/orders/").await;
    let path = format!("/v1/orders/{}/finalize", id(&orders[0]));
    assert_eq!(
        refused_post(&shop, &path, json!({})).await,
        json!([412, "OrderNotDraft"])
    );
}

#[tokio::test]
async fn moments_in_a_query_say_their_offset() {
    let shop = Shop::open().await;
    for (path, name) in [
        ("/v1/events/", "start_timestamp"),
        ("/v1/orders/", "created_after"),
        ("/v1/subscriptions/", "started_before"),
        ("/v1/webhooks/deliveries", "end_timestamp"),
    ] {
        let naive = format!("{path}?{name}=2026-01-01T00:00:00");
        assert_eq!(
            refusal(&shop, Method::GET, &naive, Value::Null).await,
            json!([422, "timezone_aware", ["query", name]])
        );
        shop.get(&format!("{naive}Z")).await;
    }
    shop.get("/v1/subscriptions/?canceled_at_after=2026-01-01T00:00:00")
        .await;
}

#[tokio::test]
async fn a_body_of_null_is_no_body() {
    let shop = Shop::open().await;
    let request = shop
        .sandbox
        .request(Method::POST, "/v1/products/")
        .bearer_auth(&shop.sandbox.credentials.access_token)
        .header("content-type", "application/json")
        .body("null");
    let (status, answer) = crate::running::read(request).await;
    assert_eq!(status, 422);
    assert_eq!(answer["detail"][0]["type"], "missing");
    assert_eq!(answer["detail"][0]["loc"], json!(["body"]));
}

#[tokio::test]
async fn a_trial_is_an_interval_and_a_count() {
    let shop = Shop::open().await;
    let mut product = json!({"name": "Half a trial", "recurring_interval": "month"});
    product["prices"] = fixed(500);
    product["trial_interval"] = "day".into();
    assert_eq!(
        refused_post(&shop, "/v1/products/", product).await,
        json!([422, "missing", ["body", "recurring"]])
    );
}

#[tokio::test]
async fn the_seats_of_a_session_fit_the_tiers_and_each_other() {
    let shop = Shop::open().await;
    let single = shop.product(fixed(500), None, &[]).await;
    let tiers = json!([{"min_seats": 2, "max_seats": 5, "price_per_seat": 1000}]);
    let seats = json!([{"amount_type": "seat_based", "price_currency": "usd", "seat_tiers": {"tiers": tiers}}]);
    let team = shop.product(seats, Some("month"), &[]).await;
    for (product, field, bound, kind) in [
        (&single, "min_seats", 2, "value_error"),
        (&single, "max_seats", 2, "value_error"),
        (&team, "min_seats", 1, "greater_than_equal"),
        (&team, "max_seats", 6, "less_than_equal"),
    ] {
        let mut body = json!({"products": [product]});
        body[field] = bound.into();
        assert_eq!(
            refused_post(&shop, "/v1/checkouts/", body).await,
            json!([422, kind, ["body", field]])
        );
    }
    let body = json!({"products": [team], "min_seats": 4, "max_seats": 3});
    let (status, answer) = shop
        .sandbox
        .call(Method::POST, "/v1/checkouts/", body)
        .await;
    assert_eq!(status, 422, "{answer}");
    assert_eq!(answer["error"], "RequestValidationError");
    assert_eq!(answer["detail"][0]["type"], "value_error");
}

#[tokio::test]
async fn a_session_takes_only_its_own_products_currencies_and_living_prices() {
    let shop = Shop::open().await;
    let product = shop.product(fixed(500), None, &[]).await;
    let stranger = shop.product(fixed(700), None, &[]).await;
    let foreign = json!({"products": [product], "currency": "eur"});
    assert_eq!(
        refused_post(&shop, "/v1/checkouts/", foreign).await,
        json!([422, "value_error", ["body", "products", 0]])
    );
    let mut strange = json!({"products": [product], "prices": {}});
    strange["prices"][&stranger] = fixed(100);
    assert_eq!(
        refused_post(&shop, "/v1/checkouts/", strange).await,
        json!([422, "value_error", ["body", "prices", stranger]])
    );
    let twice = json!({"products": [product, product]});
    let found = refused_post(&shop, "/v1/checkouts/", twice).await;
    assert_eq!(
        (&found[1], &found[2][2]),
        (&json!("value_error"), &json!("products"))
    );
    let open = shop
        .post("/v1/checkouts/", json!({"products": [product]}))
        .await;
    shop.patch(
        &format!("/v1/products/{product}"),
        json!({"prices": fixed(900)}),
    )
    .await;
    let path = format!(
        "/v1/checkouts/client/{}/confirm",
        open["client_secret"].as_str().unwrap()
    );
    let buyer = json!({
        "customer_email": "ada@example.com",
        "customer_billing_address": {"country": "AT"},
        "confirmation_token_id": "pm_card_visa",
    });
    assert_eq!(
        refused_post(&shop, &path, buyer).await,
        json!([422, "value_error", ["body", "product_price_id"]])
    );
}

#[tokio::test]
async fn a_required_address_is_more_than_a_country() {
    let shop = Shop::open().await;
    let product = shop.free(None, &[]).await;
    let body = json!({"products": [product], "require_billing_address": true});
    let open = shop.post("/v1/checkouts/", body).await;
    let path = format!(
        "/v1/checkouts/client/{}/confirm",
        open["client_secret"].as_str().unwrap()
    );
    let mut buyer = json!({
        "customer_email": "ada@example.com",
        "customer_billing_address": {"country": "AT"},
    });
    assert_eq!(
        refused_post(&shop, &path, buyer.clone()).await,
        json!([422, "value_error", ["body", "customer_billing_address"]])
    );
    buyer["customer_billing_address"]["city"] = "Wien".into();
    shop.post(&path, buyer).await;
}

#[tokio::test]
async fn a_discount_agrees_with_itself() {
    let shop = Shop::open().await;
    let place = ["body", "percentage"];
    for (field, value, loc) in [
        ("code", json!("ab"), &["body", "percentage", "code"][..]),
        ("code", json!("a-b-c"), &["body", "percentage", "code"]),
        ("duration", json!("repeating"), &place),
        ("duration_in_months", json!(3), &place),
        ("ends_at", json!("2026-01-01T00:00:00Z"), &place),
    ] {
        let mut body = json!({"name": "Half", "type": "percentage", "basis_points": 5000});
        body["duration"] = "once".into();
        body["starts_at"] = "2026-01-02T00:00:00Z".into();
        body[field] = value;
        assert_eq!(
            refused_post(&shop, "/v1/discounts/", body).await,
            json!([422, "value_error", loc])
        );
    }
    let both = json!({"name": "Off", "type": "fixed", "duration": "once", "amount": 100, "amounts": {"usd": 100}});
    assert_eq!(
        refused_post(&shop, "/v1/discounts/", both).await,
        json!([422, "value_error", ["body", "fixed"]])
    );
}

#[tokio::test]
async fn a_license_key_lives_a_bounded_time() {
    let shop = Shop::open().await;
    for (timeframe, most) in [("year", 457), ("month", 1200), ("day", 36_500)] {
        let body = |ttl: i64| {
            json!({
                "type": "license_keys",
                "description": "Keys",
                "properties": {"expires": {"ttl": ttl, "timeframe": timeframe}},
            })
        };
        shop.post("/v1/benefits/", body(most)).await;
        assert_eq!(
            refused_post(&shop, "/v1/benefits/", body(most + 1)).await,
            json!([
                422,
                "value_error",
                ["body", "license_keys", "properties", "expires"]
            ])
        );
    }
}

#[tokio::test]
async fn a_used_discount_keeps_its_worth() {
    let shop = Shop::open().await;
    let body =
        json!({"name": "Half", "type": "percentage", "basis_points": 5000, "duration": "once"});
    let discount = id(&shop.post("/v1/discounts/", body).await);
    let path = format!("/v1/discounts/{discount}");
    shop.patch(&path, json!({"basis_points": 4000})).await;
    let product = shop.product(fixed(1000), None, &[]).await;
    shop.buy(&product, json!({"discount_id": discount})).await;
    assert_eq!(
        refusal(&shop, Method::PATCH, &path, json!({"basis_points": 3000})).await,
        json!([422, "value_error", ["body", "basis_points"]])
    );
    shop.patch(&path, json!({"basis_points": 4000, "name": "Less"}))
        .await;
}

#[tokio::test]
async fn a_tax_number_of_another_shape_is_invalid() {
    let shop = Shop::open().await;
    let body = json!({
        "email": "ada@example.com",
        "billing_address": {"country": "FR"},
        "tax_id": "??",
    });
    assert_eq!(
        refused_post(&shop, "/v1/customers/", body).await,
        json!([422, "invalid", ["body", "tax_id"]])
    );
}

#[tokio::test]
async fn the_owner_stays_and_follows_the_customer() {
    let shop = Shop::open().await;
    let body = json!({"email": "ada@example.com"});
    let customer = id(&shop.post("/v1/customers/", body).await);
    let members = format!("/v1/members/?customer_id={customer}");
    let owner = id(&shop.items(&members).await[0]);
    let path = format!("/v1/customers/{customer}/members/{owner}");
    assert_eq!(
        refusal(&shop, Method::DELETE, &path, Value::Null).await,
        json!([422, "value_error", ["body"]])
    );
    let other = json!({"email": "eve@example.com"});
    assert_eq!(
        refusal(&shop, Method::PATCH, &path, other).await,
        json!([422, "value_error", ["body", "email"]])
    );
    let renamed = shop.patch(&path, json!({"name": "Ada"})).await;
    assert_eq!(renamed["name"], "Ada");
}

#[tokio::test]
async fn some_benefits_are_always_public() {
    let shop = Shop::open().await;
    let body = json!({
        "type": "github_repository",
        "description": "The source",
        "visibility": "private",
        "properties": {"repository_owner": "o", "repository_name": "r", "permission": "pull"},
    });
    assert_eq!(
        refused_post(&shop, "/v1/benefits/", body).await,
        json!([422, "value_error", ["body", "visibility"]])
    );
}

#[tokio::test]
async fn a_search_of_events_names_the_organization_and_three_letters() {
    let shop = Shop::open().await;
    let organization = id(&shop.items("/v1/organizations/").await[0]);
    let long = "/v1/events/?query=use";
    assert_eq!(
        refusal(&shop, Method::GET, long, Value::Null).await,
        json!([422, "value_error", ["query", "query"]])
    );
    let short = format!("/v1/events/?query=us&organization_id={organization}");
    assert_eq!(
        refusal(&shop, Method::GET, &short, Value::Null).await,
        json!([422, "query", ["query", "query"]])
    );
}

#[tokio::test]
async fn little_is_noted_on_a_seat() {
    let shop = Shop::open().await;
    let many: serde_json::Map<_, _> = (0..11).map(|n| (format!("k{n}"), json!(n))).collect();
    for metadata in [Value::Object(many), json!({"k": "x".repeat(1100)})] {
        let subscription = "00000000-0000-4000-8000-000000000000";
        let body = json!({"subscription_id": subscription, "email": "a@example.com", "metadata": metadata});
        assert_eq!(
            refused_post(&shop, "/v1/customer-seats", body).await,
            json!([422, "value_error", ["body", "metadata"]])
        );
    }
}

#[tokio::test]
async fn a_seat_is_of_one_purchase_and_for_one_person() {
    let shop = Shop::open().await;
    let some = "00000000-0000-4000-8000-000000000000";
    for body in [
        json!({"email": "a@example.com"}),
        json!({"subscription_id": some, "order_id": some, "email": "a@example.com"}),
        json!({"subscription_id": some}),
        json!({"subscription_id": some, "customer_id": some, "member_id": some}),
        json!({"subscription_id": some, "customer_id": some, "email": "a@example.com"}),
        json!({"subscription_id": some, "member_id": some, "email": "a@example.com"}),
    ] {
        assert_eq!(
            refused_post(&shop, "/v1/customer-seats", body).await,
            json!([422, "value_error", ["body"]])
        );
    }
}

#[tokio::test]
async fn the_first_seats_cannot_wait_for_the_next_period() {
    let shop = Shop::open().await;
    let single = shop.product(fixed(500), Some("month"), &[]).await;
    let tiers = json!([{"min_seats": 1, "max_seats": null, "price_per_seat": 1000}]);
    let seats = json!([{"amount_type": "seat_based", "price_currency": "usd", "seat_tiers": {"tiers": tiers}}]);
    let team = shop.product(seats, Some("month"), &[]).await;
    let bought = shop.buy(&single, json!({})).await;
    let path = format!("/v1/subscriptions/{}", shop.subscription(&bought).await);
    let later = json!({"product_id": team, "proration_behavior": "next_period"});
    assert_eq!(
        refusal(&shop, Method::PATCH, &path, later).await,
        json!([422, "value_error", ["body", "proration_behavior"]])
    );
    let now = json!({"product_id": team, "proration_behavior": "prorate"});
    assert_eq!(shop.patch(&path, now).await["seats"], 1);
}
