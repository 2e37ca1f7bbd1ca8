//! A year of a thousand subscriptions: every month of each is billed, once, on its day.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Span;
use jiff::civil::Date;
use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::Shop;

const SUBSCRIPTIONS: usize = 1_000;
const PRICE: i64 = 1_000;
/// So that some begin on each day a month can have, and February has to make do.
const BEGINNINGS: usize = 31;

#[tokio::test]
async fn a_year_of_a_thousand_subscriptions_bills_every_month_of_each_once() {
    let shop = Shop::open().await;
    shop.sandbox
        .control("/sandbox/clock", json!({"now": "2028-01-01T09:00:00Z"}))
        .await;
    let price = json!([{"amount_type": "fixed", "price_amount": PRICE, "price_currency": "usd"}]);
    let product = shop.product(price, Some("month"), &[]).await;
    for day in 0..BEGINNINGS {
        for buyer in (day..SUBSCRIPTIONS).step_by(BEGINNINGS) {
            let email = json!({"customer_email": format!("buyer{buyer}@example.com")});
            shop.buy(&product, email).await;
        }
        shop.skip("P1D").await;
    }
    shop.skip("P1Y").await;
    let today = date(&shop.get("/sandbox/clock").await["now"]);

    let subscriptions = all(&shop, "/v1/subscriptions/?").await;
    assert_eq!(subscriptions.len(), SUBSCRIPTIONS);
    let mut billed: BTreeMap<String, BTreeSet<Date>> = BTreeMap::new();
    let (mut sum, mut numbers) = (0, BTreeSet::new());
    for order in all(&shop, "/v1/orders/?").await {
        assert_eq!(order["status"], "paid", "{order}");
        assert_eq!(
            order["net_amount"].as_i64().unwrap() + order["tax_amount"].as_i64().unwrap(),
            PRICE
        );
        sum += order["total_amount"].as_i64().unwrap();
        let number = order["invoice_number"].as_str().unwrap().to_owned();
        assert!(numbers.insert(number), "a number for each: {order}");
        let days = billed.entry(text(&order["subscription_id"])).or_default();
        assert!(
            days.insert(date(&order["created_at"])),
            "billed twice: {order}"
        );
    }
    for subscription in &subscriptions {
        assert_eq!(subscription["status"], "active");
        let id = text(&subscription["id"]);
        let expected = months(date(&subscription["started_at"]), today);
        assert_eq!(billed.get(&id), Some(&expected), "{id}");
    }
    let payments = all(&shop, "/v1/payments/?status=succeeded").await;
    let paid: i64 = payments
        .iter()
        .map(|one| one["amount"].as_i64().unwrap())
        .sum();
    assert_eq!((payments.len(), paid), (numbers.len(), sum));
}

/// The day it began and the same day of each month since; of a shorter one, the last.
fn months(began: Date, today: Date) -> BTreeSet<Date> {
    (0..=13)
        .map(|month: i64| began + Span::new().months(month))
        .take_while(|day| *day <= today)
        .collect()
}

async fn all(shop: &Shop, path: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    for page in 1.. {
        let path = format!("{path}&limit=100&page={page}");
        let (status, answer) = shop.sandbox.call(Method::GET, &path, Value::Null).await;
        assert_eq!(status, 200, "{answer}");
        let items = answer["items"].as_array().unwrap();
        if items.is_empty() {
            break;
        }
        rows.extend(items.iter().cloned());
    }
    rows
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn date(moment: &Value) -> Date {
    moment.as_str().unwrap()[..10].parse().unwrap()
}
