//! Dashboards of metrics.

use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Shop, id};

const ALL: &str = "/v1/metrics/dashboards";

#[tokio::test]
async fn a_dashboard_is_made_changed_listed_and_gone() {
    let shop = Shop::open().await;
    let made = shop.post(ALL, json!({"name": "Money"})).await;
    assert_eq!(made["metrics"], json!([]));
    let metrics = json!(["revenue", "orders"]);
    let other = shop
        .post(ALL, json!({"name": "Growth", "metrics": metrics}))
        .await;
    let path = format!("{ALL}/{}", id(&made));
    let changed = shop.patch(&path, json!({ "metrics": metrics })).await;
    assert_eq!(
        (&changed["name"], &changed["metrics"]),
        (&json!("Money"), &metrics)
    );
    assert!(changed["modified_at"].is_string());
    assert_eq!(shop.get(&path).await, changed);
    assert_eq!(shop.get(ALL).await, json!([changed, other]));
    shop.delete(&path).await;
    assert_eq!(shop.get(ALL).await, json!([other]));
}

#[tokio::test]
async fn a_dashboard_has_a_name_ten_metrics_at_most_and_one_owner() {
    let shop = Shop::open().await;
    let eleven = vec!["orders"; 11];
    for (body, field) in [
        (json!({"name": ""}), "name"),
        (json!({"name": "x", "metrics": eleven}), "metrics"),
    ] {
        let (status, answer) = shop.sandbox.call(Method::POST, ALL, body).await;
        assert_eq!(
            (status, &answer["detail"][0]["loc"][1]),
            (422, &json!(field))
        );
    }
    let made = shop.post(ALL, json!({"name": "Money"})).await;
    let path = format!("{ALL}/{}", id(&made));
    let other = shop.sandbox.credentials.other_access_token.clone();
    for method in [Method::GET, Method::DELETE] {
        let (status, _) = shop.as_(Some(&other), method, &path, Value::Null).await;
        assert_eq!(status, 404);
    }
    let theirs = shop.as_(Some(&other), Method::GET, ALL, Value::Null).await;
    assert_eq!(theirs.1, json!([]));
}
