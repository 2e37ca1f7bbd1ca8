//! Usage: counted, credited, billed.

use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Purchase, Shop};

async fn plan(shop: &Shop, meter: &str, credits: i64, rollover: bool) -> String {
    let credits = json!({"meter_id": meter, "units": credits, "rollover": rollover});
    let credit = shop.benefit("meter_credit", credits).await;
    let price = json!([{
        "amount_type": "metered_unit",
        "price_currency": "usd",
        "meter_id": meter,
        "unit_amount": "20",
    }]);
    shop.product(price, Some("month"), &[&credit]).await
}

async fn use_units(shop: &Shop, purchase: &Purchase, units: i64) {
    let event = json!({"name": "used", "customer_id": purchase.customer, "metadata": {"n": units}});
    shop.post("/v1/events/ingest", json!({"events": [event]}))
        .await;
    shop.settle().await;
}

/// Consumed, credited, balance.
async fn balance(shop: &Shop, customer: &str) -> Value {
    let state = shop.get(&format!("/v1/customers/{customer}/state")).await;
    let meter = &state["active_meters"][0];
    ["consumed_units", "credited_units", "balance"]
        .map(|key| meter[key].clone())
        .into_iter()
        .collect()
}

async fn order_amounts(shop: &Shop, purchase: &Purchase) -> Vec<Value> {
    let path = format!(
        "/v1/orders/?customer_id={}&sorting=created_at",
        purchase.customer
    );
    let orders = shop.items(&path).await;
    orders
        .iter()
        .map(|order| order["total_amount"].clone())
        .collect()
}

#[tokio::test]
async fn usage_above_the_credits_is_billed_once_and_counting_begins_anew() {
    let shop = Shop::open().await;
    let meter = shop.meter("used").await;
    let plan = plan(&shop, &meter, 10, false).await;
    let bought = shop.buy(&plan, json!({})).await;
    use_units(&shop, &bought, 13).await;
    assert_eq!(
        balance(&shop, &bought.customer).await,
        json!([13.0, 10, -3.0])
    );
    let subscription = shop.subscription(&bought).await;
    let row = shop.get(&format!("/v1/subscriptions/{subscription}")).await;
    assert_eq!(row["meters"][0]["amount"], 60);
    shop.skip("P31D").await;
    assert_eq!(
        balance(&shop, &bought.customer).await,
        json!([0.0, 10, 10.0])
    );
    shop.skip("P31D").await;
    assert_eq!(order_amounts(&shop, &bought).await, [0, 60, 0]);
}

#[tokio::test]
async fn unused_credits_roll_over_only_where_they_may() {
    for (rollover, expected) in [(true, 16), (false, 10)] {
        let shop = Shop::open().await;
        let meter = shop.meter("used").await;
        let plan = plan(&shop, &meter, 10, rollover).await;
        let bought = shop.buy(&plan, json!({})).await;
        use_units(&shop, &bought, 4).await;
        shop.skip("P31D").await;
        let now = balance(&shop, &bought.customer).await;
        assert_eq!(now[1], expected, "rollover: {rollover}");
        assert_eq!(now[0], json!(0.0));
    }
}

#[tokio::test]
async fn usage_during_a_trial_is_counted_but_never_billed() {
    let shop = Shop::open().await;
    let meter = shop.meter("used").await;
    let plan = plan(&shop, &meter, 1, false).await;
    let trial = json!({"trial_interval": "day", "trial_interval_count": 10});
    let bought = shop.buy(&plan, trial).await;
    use_units(&shop, &bought, 50).await;
    assert_eq!(balance(&shop, &bought.customer).await[0], json!(50.0));
    shop.skip("P11D").await;
    use_units(&shop, &bought, 3).await;
    shop.skip("P32D").await;
    // Nothing was due at the end of the trial, so there was no bill, and without one no new credit.
    assert_eq!(order_amounts(&shop, &bought).await, [0, 60]);
}

#[tokio::test]
async fn usage_sent_before_there_is_a_customer_is_theirs_from_the_start() {
    let shop = Shop::open().await;
    shop.meter("used").await;
    let event = json!({"name": "used", "external_customer_id": "u1", "metadata": {"n": 5}});
    shop.post("/v1/events/ingest", json!({"events": [event]}))
        .await;
    let body = json!({"email": "ada@example.com", "external_id": "u1"});
    let customer = crate::shop::id(&shop.post("/v1/customers/", body).await);
    shop.settle().await;
    assert_eq!(balance(&shop, &customer).await[0], json!(5.0));
    let customer = shop.get("/v1/customers/external/u1").await;
    assert!(customer["first_user_event_at"].is_string());
}

#[tokio::test]
async fn a_meter_that_has_counted_keeps_its_definition() {
    let shop = Shop::open().await;
    let meter = format!("/v1/meters/{}", shop.meter("used").await);
    let everything = json!({"filter": {"conjunction": "and", "clauses": []}});
    shop.patch(&meter, everything.clone()).await;
    let event = json!({"name": "other", "external_customer_id": "u1", "metadata": {"n": 1}});
    shop.post("/v1/events/ingest", json!({"events": [event]}))
        .await;
    let (status, refused) = shop.sandbox.call(Method::PATCH, &meter, everything).await;
    assert_eq!(status, 422, "{refused}");
    assert_eq!(refused["detail"][0]["type"], "forbidden");
    assert_eq!(refused["detail"][0]["loc"], json!(["body", "filter"]));
    shop.patch(&meter, json!({"name": "Renamed"})).await;
}

#[tokio::test]
async fn a_meter_in_use_cannot_be_archived() {
    let shop = Shop::open().await;
    let meter = shop.meter("used").await;
    plan(&shop, &meter, 1, false).await;
    let path = format!("/v1/meters/{meter}");
    let body = json!({"is_archived": true});
    let (status, refused) = shop.sandbox.call(Method::PATCH, &path, body).await;
    assert_eq!(status, 422, "{refused}");
}

#[tokio::test]
async fn days_are_those_of_the_time_zone_asked_for() {
    let shop = Shop::open().await;
    let meter = shop.meter("used").await;
    // 23:30 in London, half past midnight in Vienna.
    let event = json!({
        "name": "used",
        "external_customer_id": "u1",
        "timestamp": "2026-12-01T23:30:00Z",
        "metadata": {"n": 5},
    });
    shop.post("/v1/events/ingest", json!({"events": [event]}))
        .await;
    for (zone, expected) in [("UTC", [5.0, 0.0]), ("Europe/Vienna", [0.0, 5.0])] {
        let path = format!(
            "/v1/meters/{meter}/quantities?interval=day&timezone={zone}\
             &start_timestamp=2026-12-01T12:00:00Z&end_timestamp=2026-12-02T12:00:00Z"
        );
        let answer = shop.get(&path).await;
        let quantities = answer["quantities"].as_array().unwrap();
        let quantities: Vec<_> = quantities.iter().map(|q| q["quantity"].as_f64()).collect();
        assert_eq!(quantities, expected.map(Some), "{zone}");
    }
}

#[tokio::test]
async fn events_have_parents_by_either_id_and_are_listed_below_them() {
    let shop = Shop::open().await;
    let event = |name: &str, more: Value| {
        let mut event = json!({"name": name, "external_customer_id": "u1"});
        event
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        event
    };
    let root = event("root", json!({"external_id": "r"}));
    let child = event("child", json!({"parent_id": "r"}));
    shop.post("/v1/events/ingest", json!({"events": [root, child]}))
        .await;
    let roots = shop.items("/v1/events/?depth=0&source=user").await;
    assert_eq!(roots.len(), 1);
    assert_eq!(roots[0]["child_count"], 1);
    let below = format!("/v1/events/?parent_id={}", roots[0]["id"].as_str().unwrap());
    let children = shop.items(&below).await;
    assert_eq!(children[0]["name"], "child");
}

#[tokio::test]
async fn a_list_of_events_may_count_nothing_but_whether_there_is_more() {
    let shop = Shop::open().await;
    let event = json!({"name": "seen", "external_customer_id": "somebody"});
    let events = json!({"events": [event, event, event]});
    shop.post("/v1/events/ingest", events).await;
    let page = async |page: u8| {
        let path = format!("/v1/events/?name=seen&limit=2&cursor_pagination=true&page={page}");
        let page = shop.get(&path).await;
        (
            page["items"].as_array().unwrap().len(),
            page["pagination"].clone(),
        )
    };
    assert_eq!(page(1).await, (2, json!({"has_next_page": true})));
    assert_eq!(page(2).await, (1, json!({"has_next_page": false})));
}
