//! Usage that is billed more often than the subscription, and what becomes of usage when plans change.

use serde_json::{Value, json};

use super::stall::{Stall, id, moment};

const EMAIL: &str = "ada@example.com";
const VISA: &str = "pm_card_visa";
const FADING: &str = "pm_card_chargeCustomerFail";

/// Where usage may have a cycle of its own, with a meter that counts calls. The meter's id.
async fn stall() -> (Stall, String) {
    let stall = Stall::open().await;
    let organization = &stall.sandbox.credentials.organization_id;
    let path = format!("/sandbox/organizations/{organization}/features");
    stall
        .sandbox
        .control(&path, json!({"meter_cycling_enabled": true}))
        .await;
    let clause = json!({"property": "name", "operator": "eq", "value": "call"});
    let filter = json!({"conjunction": "and", "clauses": [clause]});
    let meter = json!({"name": "Calls", "filter": filter, "aggregation": {"func": "count"}});
    let meter = id(&stall.post("/v1/meters/", meter).await).to_owned();
    (stall, meter)
}

/// A year for 12000, each call a dollar, with a hundred calls for nothing every time; billed `monthly` or with
/// the year.
async fn yearly(stall: &Stall, meter: &str, monthly: bool) -> Value {
    let credits = json!({"meter_id": meter, "units": 2, "rollover": false});
    let credits =
        json!({"type": "meter_credit", "description": "Two calls", "properties": credits});
    let credits = stall.post("/v1/benefits/", credits).await;
    let prices = json!([
        {"amount_type": "fixed", "price_amount": 12000},
        {"amount_type": "metered_unit", "meter_id": meter, "unit_amount": "100"},
    ]);
    let mut more = json!({"prices": prices});
    if monthly {
        more["meter_interval"] = "month".into();
    }
    let product = stall.product(12000, Some("year"), more).await;
    let path = format!("/v1/products/{}/benefits", id(&product));
    stall
        .post(&path, json!({"benefits": [credits["id"]]}))
        .await
}

async fn bought(stall: &Stall, product: &Value, card: &str, more: Value) -> Value {
    let checkout = stall.buy(product, EMAIL, card, more).await;
    stall.subscription(&checkout).await
}

async fn call(stall: &Stall, subscription: &Value, times: usize) {
    let event = json!({"name": "call", "customer_id": subscription["customer_id"]});
    let body = json!({"events": vec![event; times]});
    stall.post("/v1/events/ingest", body).await;
    stall.settle().await;
}

fn path(subscription: &Value) -> String {
    format!("/v1/subscriptions/{}", id(subscription))
}

/// Why each order was written, what it came to, and whether it is paid.
async fn bills(stall: &Stall, subscription: &Value) -> Vec<String> {
    let orders = stall.orders(subscription).await;
    let line = |row: &Value| {
        let word = |key: &str| row[key].as_str().unwrap().to_owned();
        format!(
            "{} {} {}",
            word("billing_reason"),
            row["net_amount"],
            word("status")
        )
    };
    orders.iter().map(line).collect()
}

#[tokio::test]
async fn usage_is_billed_every_month_of_a_year_that_is_paid_in_advance() {
    let (stall, meter) = stall().await;
    let product = yearly(&stall, &meter, true).await;
    let row = bought(&stall, &product, VISA, Value::Null).await;
    assert_eq!(
        row["current_meter_period_start"],
        row["current_period_start"]
    );
    let month = moment(&row["current_meter_period_end"]);
    let days = month
        .duration_since(moment(&row["current_period_start"]))
        .as_hours()
        / 24;
    assert!((28..=31).contains(&days), "{days}");
    call(&stall, &row, 5).await;
    let seen = stall.announced().await.len();
    stall.advance("P32D").await;
    let types: Vec<_> = stall.types_after(seen).await;
    let told: Vec<_> = types
        .iter()
        .filter(|kind| !kind.starts_with("customer") && !kind.starts_with("subscription.updated"))
        .collect();
    let wanted = [
        "order.created",
        "order.updated",
        "order.paid",
        "benefit_grant.cycled",
        "order.updated",
    ];
    assert_eq!(told, wanted, "neither cycled nor renewed: {types:?}");
    let paid = bills(&stall, &row).await;
    assert_eq!(
        paid,
        [
            "subscription_create 12000 paid",
            "subscription_meter_cycle 300 paid"
        ]
    );
    let next = stall.get(&path(&row)).await;
    assert_eq!(next["current_period_end"], row["current_period_end"]);
    assert_eq!(
        next["current_meter_period_start"],
        row["current_meter_period_end"]
    );
    // Usage that credits cover has a bill of nothing; the credits are given anew every time.
    call(&stall, &row, 2).await;
    stall.advance("P31D").await;
    assert_eq!(
        bills(&stall, &row).await[2],
        "subscription_meter_cycle 0 paid"
    );
    call(&stall, &row, 3).await;
    stall.advance("P1Y").await;
    let mut paid = bills(&stall, &row).await;
    paid.retain(|line| !line.contains(" 0 "));
    let wanted = [
        "subscription_create 12000 paid",
        "subscription_meter_cycle 300 paid",
        "subscription_meter_cycle 100 paid",
        "subscription_cycle 12000 paid",
    ];
    assert_eq!(paid, wanted);
}

#[tokio::test]
async fn without_a_cycle_of_its_own_usage_comes_with_the_year() {
    let (stall, meter) = stall().await;
    let product = yearly(&stall, &meter, false).await;
    let row = bought(&stall, &product, VISA, Value::Null).await;
    assert_eq!(
        (
            &row["current_meter_period_start"],
            &row["current_meter_period_end"]
        ),
        (&Value::Null, &Value::Null)
    );
    call(&stall, &row, 5).await;
    stall.advance("P1Y1D").await;
    let paid = bills(&stall, &row).await;
    assert_eq!(
        paid,
        [
            "subscription_create 12000 paid",
            "subscription_cycle 12300 paid"
        ]
    );
}

#[tokio::test]
async fn the_meter_clock_stands_still_in_a_trial() {
    let (stall, meter) = stall().await;
    let product = yearly(&stall, &meter, true).await;
    let trial = json!({"trial_interval": "day", "trial_interval_count": 40});
    let row = bought(&stall, &product, VISA, trial).await;
    assert_eq!(
        (&row["status"], &row["current_meter_period_end"]),
        (&json!("trialing"), &Value::Null)
    );
    call(&stall, &row, 5).await;
    stall.advance("P41D").await;
    let row = stall.get(&path(&row)).await;
    assert_eq!(
        row["current_meter_period_start"],
        row["current_period_start"]
    );
    let paid = bills(&stall, &row).await;
    assert_eq!(
        paid,
        [
            "subscription_create 0 paid",
            "subscription_cycle 12000 paid"
        ]
    );
}

#[tokio::test]
async fn a_bill_for_usage_that_is_not_paid_becomes_void_and_the_subscription_goes_on() {
    let (stall, meter) = stall().await;
    let product = yearly(&stall, &meter, true).await;
    let row = bought(&stall, &product, FADING, Value::Null).await;
    call(&stall, &row, 5).await;
    stall.advance("P32D").await;
    let order = stall.orders(&row).await[1].clone();
    assert_eq!(order["status"], "pending");
    assert!(order["next_payment_attempt_at"].is_string());
    assert_eq!(stall.get(&path(&row)).await["status"], "active");
    let seen = stall.announced().await.len();
    stall.advance("P23D").await;
    let tried = format!("/v1/payments/?order_id={}", id(&order));
    assert_eq!(stall.items(&tried).await.len(), 5);
    assert_eq!(stall.types_after(seen).await, ["order.updated"]);
    let order = stall.orders(&row).await[1].clone();
    assert_eq!(
        (&order["status"], &order["next_payment_attempt_at"]),
        (&json!("void"), &Value::Null)
    );
    assert_eq!(stall.get(&path(&row)).await["status"], "active");
}

#[tokio::test]
async fn what_was_used_is_billed_before_it_ends_or_becomes_another_plan() {
    for change in ["end", "move"] {
        let (stall, meter) = stall().await;
        let product = yearly(&stall, &meter, true).await;
        let other = stall.product(24000, Some("year"), Value::Null).await;
        let row = bought(&stall, &product, VISA, Value::Null).await;
        call(&stall, &row, 5).await;
        let body = match change {
            "end" => json!({"revoke": true}),
            _ => json!({"product_id": other["id"]}),
        };
        stall.patch(&path(&row), body).await;
        stall.settle().await;
        let paid = bills(&stall, &row).await;
        assert_eq!(paid[1..], ["subscription_meter_cycle 300 paid"], "{change}");
        stall.advance("P70D").await;
        assert_eq!(bills(&stall, &row).await.len(), 2, "{change}: not twice");
    }
}

#[tokio::test]
async fn an_amount_off_is_for_the_year_and_a_part_of_everything_for_each_bill() {
    for (worth, billed) in [
        (json!({"type": "fixed", "amounts": {"usd": 100}}), 300),
        (json!({"type": "percentage", "basis_points": 5000}), 150),
    ] {
        let (stall, meter) = stall().await;
        let mut body = worth.clone();
        body["name"] = "Less".into();
        body["duration"] = "forever".into();
        let discount = stall.post("/v1/discounts/", body).await;
        let product = yearly(&stall, &meter, true).await;
        let more = json!({"discount_id": discount["id"]});
        let row = bought(&stall, &product, VISA, more).await;
        call(&stall, &row, 5).await;
        stall.advance("P32D").await;
        let order = stall.orders(&row).await[1].clone();
        assert_eq!(order["net_amount"], billed, "{worth}");
    }
}

#[tokio::test]
async fn usage_at_a_price_that_a_change_of_plan_took_away_is_not_billed() {
    let (stall, meter) = stall().await;
    let by_call = |amount: &str| {
        json!({"prices": [
            {"amount_type": "fixed", "price_amount": 1000},
            {"amount_type": "metered_unit", "meter_id": meter, "unit_amount": amount},
        ]})
    };
    let cheap = stall.product(1000, Some("month"), by_call("100")).await;
    let dear = stall.product(1001, Some("month"), by_call("300")).await;
    let row = bought(&stall, &cheap, VISA, Value::Null).await;
    call(&stall, &row, 5).await;
    stall
        .patch(&path(&row), json!({"product_id": dear["id"]}))
        .await;
    call(&stall, &row, 2).await;
    let now = stall.get(&path(&row)).await;
    assert_eq!(now["meters"][0]["amount"], 600);
    stall.advance("P32D").await;
    let renewal = stall.orders(&row).await[1].clone();
    let items = renewal["items"].as_array().unwrap();
    let usage: Vec<_> = items
        .iter()
        .filter(|item| item["label"].as_str().unwrap().starts_with("Calls"))
        .map(|item| item["amount"].clone())
        .collect();
    assert_eq!(usage, [json!(600)]);
}
