//! Subscriptions by the unit: bought, changed now or later, billed, and bounded.

use reqwest::Method;
use serde_json::{Value, json};

use super::stall::{Stall, id};

const EMAIL: &str = "ada@example.com";
const VISA: &str = "pm_card_visa";

/// Where an organization may sell by the unit.
async fn stall() -> Stall {
    let stall = Stall::open().await;
    let organization = &stall.sandbox.credentials.organization_id;
    let path = format!("/sandbox/organizations/{organization}/features");
    let body =
        json!({"unit_based_pricing_enabled": true, "reset_proration_behavior_enabled": true});
    stall.sandbox.control(&path, body).await;
    stall
}

/// A monthly product at so much a unit, for 2 to 20 of them, with a fixed price beside it.
async fn by_unit(stall: &Stall, each: i64) -> Value {
    let label = json!({"en": {"=1": "device", "other": "devices"}});
    let tiers =
        json!({"type": "volume", "tiers": [{"bound": 20, "unit_amount": each.to_string()}]});
    let prices = json!([
        {"amount_type": "fixed", "price_amount": 500},
        {"amount_type": "unit_based", "tiers": tiers, "minimum_units": 2, "unit_label": label},
    ]);
    stall
        .product(500, Some("month"), json!({"prices": prices}))
        .await
}

async fn bought(stall: &Stall, product: &Value, units: i64) -> Value {
    let units = json!({"units": units});
    let checkout = stall.buy(product, EMAIL, VISA, units).await;
    stall.subscription(&checkout).await
}

fn path(subscription: &Value) -> String {
    format!("/v1/subscriptions/{}", id(subscription))
}

async fn refused(stall: &Stall, path: &str, body: Value) -> (u16, Value) {
    let (status, answer) = stall.sandbox.call(Method::PATCH, path, body).await;
    (status, answer["error"].clone())
}

#[tokio::test]
async fn what_is_bought_by_the_unit_is_billed_by_the_unit_every_month() {
    let stall = stall().await;
    let product = by_unit(&stall, 100).await;
    let row = bought(&stall, &product, 5).await;
    assert_eq!(
        (&row["units"], &row["seats"], &row["amount"]),
        (&json!(5), &Value::Null, &json!(1000))
    );
    let first = stall.orders(&row).await[0].clone();
    assert_eq!(
        (&first["units"], &first["subtotal_amount"]),
        (&json!(5), &json!(1000))
    );
    stall.advance("P32D").await;
    let renewal = stall.orders(&row).await[1].clone();
    assert_eq!(
        (
            &renewal["units"],
            &renewal["subtotal_amount"],
            &renewal["status"]
        ),
        (&Value::Null, &json!(1000), &json!("paid"))
    );
    let label = renewal["items"][1]["label"].as_str().unwrap();
    assert!(
        label.starts_with("Thing at 500 (5 devices) — From "),
        "{label}"
    );
}

#[tokio::test]
async fn the_number_changes_now_with_the_next_bill_or_at_the_next_period() {
    for (how, orders, next) in [
        // Five more, for the whole of the period: the clock stands still.
        ("prorate", 1, 2000),
        ("invoice", 2, 1500),
        ("reset", 2, 1500),
        ("next_period", 1, 1500),
    ] {
        let stall = stall().await;
        let product = by_unit(&stall, 100).await;
        let row = bought(&stall, &product, 5).await;
        let body = json!({"units": 10, "proration_behavior": how});
        let changed = stall.patch(&path(&row), body).await;
        stall.settle().await;
        let waits = how == "next_period";
        assert_eq!(changed["units"], if waits { 5 } else { 10 }, "{how}");
        assert_eq!(
            changed["pending_update"]["units"],
            if waits { json!(10) } else { Value::Null },
            "{how}"
        );
        let written = stall.orders(&row).await;
        assert_eq!(written.len(), orders, "{how}");
        if how == "invoice" {
            let line = &written[1]["items"][0];
            assert!(
                (499..=500).contains(&line["amount"].as_i64().unwrap()),
                "{line}"
            );
            let label = line["label"].as_str().unwrap();
            assert!(
                label.starts_with("Thing at 500 (5 devices → 10 devices) — From "),
                "{label}"
            );
        }
        if how == "reset" {
            assert_eq!(
                written[1]["items"][0]["amount"], 1000,
                "all ten, and nothing back"
            );
            assert_ne!(changed["current_period_end"], row["current_period_end"]);
        }
        stall.advance("P32D").await;
        let renewal = stall.orders(&row).await[orders].clone();
        let net = renewal["net_amount"].as_i64().unwrap();
        assert!((next - 1..=next).contains(&net), "{how}: {net}");
        assert_eq!(stall.get(&path(&row)).await["units"], 10, "{how}");
    }
}

#[tokio::test]
async fn fewer_units_give_back_what_is_left_of_them() {
    let stall = stall().await;
    let product = by_unit(&stall, 100).await;
    let row = bought(&stall, &product, 10).await;
    stall.patch(&path(&row), json!({"units": 2})).await;
    let preview = stall.get(&format!("{}/charge-preview", path(&row))).await;
    let given_back = preview["proration_amount"].as_i64().unwrap();
    assert!((-800..=-799).contains(&given_back), "{given_back}");
    let label = preview["prorations"][0]["label"].as_str().unwrap();
    assert!(
        label.starts_with("Remaining time on Thing at 500 (10 devices → 2 devices)"),
        "{label}"
    );
}

#[tokio::test]
async fn a_number_that_is_not_sold_is_refused() {
    let stall = stall().await;
    let product = by_unit(&stall, 100).await;
    let row = bought(&stall, &product, 5).await;
    let path = path(&row);
    for (units, status, error) in [
        (json!(1), 400, "BelowMinimumUnits"),
        (json!(21), 400, "AboveMaximumUnits"),
        (json!(0), 400, "BelowMinimumUnits"),
        (json!("many"), 422, "RequestValidationError"),
    ] {
        let body = json!({"units": units});
        assert_eq!(
            refused(&stall, &path, body).await,
            (status, json!(error)),
            "{units}"
        );
    }
    assert_eq!(
        refused(&stall, &path, json!({"seats": 5})).await,
        (400, json!("NotASeatBasedSubscription"))
    );
    let seen = stall.announced().await.len();
    stall.patch(&path, json!({"units": 5})).await;
    assert!(
        stall.types_after(seen).await.is_empty(),
        "as many as before is nothing"
    );
}

#[tokio::test]
async fn a_move_between_products_keeps_the_units_or_begins_with_the_fewest() {
    let stall = stall().await;
    let (plain, cheap, dear) = (
        stall.product(1000, Some("month"), Value::Null).await,
        by_unit(&stall, 100).await,
        by_unit(&stall, 300).await,
    );
    let checkout = stall.buy(&plain, EMAIL, VISA, Value::Null).await;
    let path = path(&stall.subscription(&checkout).await);
    let later = json!({"product_id": cheap["id"], "proration_behavior": "next_period"});
    assert_eq!(
        refused(&stall, &path, later).await.0,
        422,
        "the first units cannot wait"
    );
    let moved = stall.patch(&path, json!({"product_id": cheap["id"]})).await;
    assert_eq!(
        (&moved["units"], &moved["amount"]),
        (&json!(2), &json!(700))
    );
    stall.patch(&path, json!({"units": 4})).await;
    let moved = stall.patch(&path, json!({"product_id": dear["id"]})).await;
    assert_eq!(
        (&moved["units"], &moved["amount"]),
        (&json!(4), &json!(1700))
    );
    let (status, _) = refused(&stall, &path, json!({"product_id": plain["id"]})).await;
    assert_eq!(status, 422, "there is no way back");
}

#[tokio::test]
async fn the_number_changes_while_another_product_waits() {
    let stall = stall().await;
    let (cheap, dear) = (by_unit(&stall, 100).await, by_unit(&stall, 300).await);
    let row = bought(&stall, &cheap, 5).await;
    let body = json!({"product_id": dear["id"], "proration_behavior": "next_period"});
    stall.patch(&path(&row), body).await;
    let body = json!({"units": 7, "proration_behavior": "next_period"});
    let both = stall.patch(&path(&row), body).await;
    assert_eq!(both["pending_update"]["product_id"], dear["id"]);
    assert_eq!(both["pending_update"]["units"], 7);
    let now = json!({"units": 6, "proration_behavior": "invoice"});
    let after = stall.patch(&path(&row), now).await;
    assert_eq!(
        (&after["units"], &after["pending_update"]["units"]),
        (&json!(6), &Value::Null)
    );
    assert_eq!(
        after["pending_update"]["product_id"], dear["id"],
        "that goes on waiting"
    );
    stall.advance("P32D").await;
    let end = stall.get(&path(&row)).await;
    assert_eq!((&end["units"], &end["amount"]), (&json!(6), &json!(2300)));
}

#[tokio::test]
async fn a_free_product_by_the_unit_begins_with_the_fewest() {
    let stall = stall().await;
    let tiers = json!({"type": "volume", "tiers": [{"bound": null, "unit_amount": "0"}]});
    let prices = json!([{"amount_type": "unit_based", "tiers": tiers, "minimum_units": 3}]);
    let product = stall
        .product(0, Some("month"), json!({"prices": prices}))
        .await;
    let customer = stall.post("/v1/customers/", json!({"email": EMAIL})).await;
    let body = json!({"product_id": product["id"], "customer_id": customer["id"]});
    let row = stall.post("/v1/subscriptions/", body).await;
    assert_eq!(
        (&row["units"], &row["status"]),
        (&json!(3), &json!("active"))
    );
}
