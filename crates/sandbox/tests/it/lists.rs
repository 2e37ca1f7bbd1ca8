//! Pages of a list: filtered and sorted, they show every row that belongs there, once, in order.

use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Shop, id};

const COLORS: [&str; 3] = ["red", "green", "blue"];

/// Buyers of several products at prices of their own, some of them several times.
async fn sold() -> (Shop, Vec<String>) {
    let shop = Shop::open().await;
    let price = json!([{"amount_type": "custom", "price_currency": "usd", "minimum_amount": 100}]);
    let mut products = Vec::new();
    for _ in 0..2 {
        products.push(shop.product(price.clone(), None, &[]).await);
    }
    for n in 0..23 {
        let more = json!({
            "customer_email": format!("Buyer{}@example.com", n % 7),
            "amount": 1000 + 100 * (n * 5 % 9),
            "metadata": {"color": COLORS[n % 3]},
        });
        shop.buy(&products[n % 2], more).await;
    }
    let order = &shop.items("/v1/orders/?limit=1").await[0];
    let refund = json!({"order_id": order["id"], "reason": "other", "amount": 100});
    shop.post("/v1/refunds/", refund).await;
    shop.settle().await;
    (shop, products)
}

/// Every row of a list, walked in pages of `limit`; checks the counts on the way.
async fn walk(shop: &Shop, path: &str, limit: u64) -> Vec<Value> {
    let mut rows = Vec::new();
    for page in 1.. {
        let answer = shop.get(&format!("{path}&limit={limit}&page={page}")).await;
        let items = answer["items"].as_array().unwrap().clone();
        let total = answer["pagination"]["total_count"].as_u64().unwrap();
        assert_eq!(
            answer["pagination"]["max_page"],
            total.div_ceil(limit),
            "{path}"
        );
        if items.is_empty() {
            assert_eq!(u64::try_from(rows.len()).unwrap(), total, "{path}");
            break;
        }
        rows.extend(items);
    }
    rows
}

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(id).collect()
}

type Wanted<'a> = Box<dyn Fn(&Value) -> bool + 'a>;

/// Filters, and what they mean.
fn filters<'a>(products: &'a [String], customer: &'a str) -> Vec<(String, Wanted<'a>)> {
    vec![
        (String::new(), Box::new(|_| true)),
        (
            format!("&product_id={}", products[0]),
            Box::new(|row| row["product_id"] == products[0]),
        ),
        (
            format!("&customer_id={customer}"),
            Box::new(move |row| row["customer_id"] == customer),
        ),
        (
            format!("&customer_id={customer}&product_id={}", products[1]),
            Box::new(move |row| row["customer_id"] == customer && row["product_id"] == products[1]),
        ),
        (
            format!("&product_id={}&product_id={}", products[0], products[1]),
            Box::new(|_| true),
        ),
        (
            "&metadata[color]=red".to_owned(),
            Box::new(|row| row["metadata"]["color"] == "red"),
        ),
        (
            "&metadata[color]=red&metadata[color]=blue".to_owned(),
            Box::new(|row| row["metadata"]["color"] != "green"),
        ),
        (
            "&status=paid".to_owned(),
            Box::new(|row| row["status"] == "paid"),
        ),
        (
            "&status=partially_refunded".to_owned(),
            Box::new(|row| row["status"] != "paid"),
        ),
        (
            "&product_billing_type=recurring".to_owned(),
            Box::new(|_| false),
        ),
        (
            "&status=paid&metadata[color]=green".to_owned(),
            Box::new(|row| row["status"] == "paid" && row["metadata"]["color"] == "green"),
        ),
    ]
}

#[tokio::test]
async fn pages_neither_miss_nor_double_a_row_however_they_are_filtered_and_sorted() {
    let (shop, products) = sold().await;
    let all = shop.items("/v1/orders/?limit=100&sorting=created_at").await;
    assert_eq!(all.len(), 23);
    let customer = all[3]["customer_id"].as_str().unwrap();
    let filters = filters(&products, customer);
    let text = |row: &Value, field: &str| {
        row.pointer(field).map(|value| match value {
            Value::Number(number) => format!("{:012}", number.as_i64().unwrap()),
            value => value.as_str().unwrap_or_default().to_owned(),
        })
    };
    for (filter, wanted) in &filters {
        for (sorting, field) in [
            ("created_at", "/created_at"),
            ("amount", "/net_amount"),
            ("customer", "/customer/email"),
            ("invoice_number", "/invoice_number"),
            ("product", "/product/name"),
        ] {
            let mut rows: Vec<_> = all.iter().filter(|row| wanted(row)).cloned().collect();
            rows.sort_by_key(|row| text(row, field));
            let expected = ids(&rows);
            for limit in [3, 100] {
                let path = format!("/v1/orders/?sorting={sorting}{filter}");
                assert_eq!(ids(&walk(&shop, &path, limit).await), expected, "{path}");
            }
            // Newest first among equals.
            let mut rows: Vec<_> = all
                .iter()
                .rev()
                .filter(|row| wanted(row))
                .cloned()
                .collect();
            rows.sort_by_key(|row| std::cmp::Reverse(text(row, field)));
            let path = format!("/v1/orders/?sorting=-{sorting}{filter}");
            assert_eq!(ids(&walk(&shop, &path, 5).await), ids(&rows), "{path}");
        }
    }
}

#[tokio::test]
async fn what_belongs_to_another_organization_is_found_by_no_id() {
    let (shop, products) = sold().await;
    let other = shop.sandbox.credentials.other_access_token.clone();
    let order = &shop.items("/v1/orders/?limit=1").await[0];
    let customer = order["customer_id"].as_str().unwrap();
    for path in [
        format!("/v1/orders/?product_id={}", products[0]),
        format!("/v1/orders/?customer_id={customer}"),
        format!("/v1/payments/?customer_id={customer}"),
        format!("/v1/checkouts/?customer_id={customer}"),
        format!("/v1/refunds/?order_id={}", id(order)),
        "/v1/customers/?email=buyer1@example.com".to_owned(),
    ] {
        let (status, mine) = shop.sandbox.call(Method::GET, &path, Value::Null).await;
        assert!(
            status == 200 && mine["pagination"]["total_count"] != 0,
            "{path}: {mine}"
        );
        let (status, theirs) = shop
            .as_(Some(&other), Method::GET, &path, Value::Null)
            .await;
        assert_eq!(status, 200, "{path}: {theirs}");
        assert_eq!(theirs["items"], json!([]), "{path}");
        assert_eq!(theirs["pagination"]["total_count"], 0, "{path}");
    }
}

#[tokio::test]
async fn events_are_listed_by_their_own_time_also_when_one_comes_late() {
    let shop = Shop::open().await;
    let event = |name: &str, at: &str| {
        json!({
            "name": name, "external_customer_id": "x", "timestamp": at,
        })
    };
    let names = async |path: &str| -> Vec<String> {
        let rows = shop.items(path).await;
        let user = rows.iter().filter(|row| row["source"] == "user");
        user.map(|row| row["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let path = "/v1/events/?limit=100";
    let ordered = json!({"events": [
        event("first", "2026-12-01T10:00:00Z"),
        event("third", "2026-12-01T12:00:00Z"),
    ]});
    shop.post("/v1/events/ingest", ordered).await;
    assert_eq!(names(path).await, ["third", "first"]);
    let late = json!({"events": [event("second", "2026-12-01T11:00:00Z")]});
    shop.post("/v1/events/ingest", late).await;
    assert_eq!(names(path).await, ["third", "second", "first"]);
    let rising = format!("{path}&sorting=timestamp");
    assert_eq!(names(&rising).await, ["first", "second", "third"]);
    let cursor = format!("{path}&cursor_pagination=true");
    assert_eq!(names(&cursor).await, ["third", "second", "first"]);
}
