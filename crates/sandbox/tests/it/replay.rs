//! The same commands make the same world, to the last byte: told twice, gone back to, and read from disk.

use std::path::Path;

use reqwest::Method;
use serde_json::json;

use crate::running::Running;
use crate::shop::{Shop, id};

/// A shop whose pages stand under a fixed name: an address would differ from run to run.
async fn shop(data: Option<&Path>) -> Shop {
    let sandbox = Running::start_at("http://sandbox.test", data).await;
    Shop {
        sandbox: sandbox.unwrap(),
    }
}

fn dump(shop: &Shop) -> String {
    String::from_utf8(shop.sandbox.sandbox.dump().unwrap()).unwrap()
}

/// Says where two worlds differ, which a comparison of megabytes would not.
fn assert_same(one: &str, other: &str) {
    for (one, other) in one.lines().zip(other.lines()) {
        assert_eq!(one, other);
    }
    assert_eq!(one.lines().count(), other.lines().count());
}

/// Something of everything: purchases, usage, a discount, refunds, a year of renewals and a card that fails.
async fn story(shop: &Shop) {
    let products = shop.items("/v1/products/?limit=100").await;
    let product = |name: &str| id(products.iter().find(|row| row["name"] == name).unwrap());
    let body = json!({
        "name": "Tenth", "type": "percentage", "basis_points": 1000, "duration": "once", "code": "TENTH",
    });
    shop.post("/v1/discounts/", body).await;
    for (n, name) in ["Handbook", "Pro", "Metered", "Free"].iter().enumerate() {
        let more = json!({"customer_email": format!("c{n}@example.com"), "discount_code": "TENTH"});
        shop.buy(&product(name), more).await;
    }
    let failing = json!({"customer_email": "late@example.com"});
    let card = "pm_card_chargeCustomerFail";
    shop.buy_with(card, &product("Pro"), failing).await;
    let usage = json!({"events": [{
        "name": "api_call", "external_customer_id": "x1", "metadata": {"units": 5},
    }]});
    shop.post("/v1/events/ingest", usage).await;
    let customer = json!({"email": "x1@example.com", "external_id": "x1"});
    shop.post("/v1/customers/", customer).await;
    shop.settle().await;
    let orders = shop.items("/v1/orders/?limit=1&sorting=created_at").await;
    let refund = json!({"order_id": orders[0]["id"], "reason": "other", "amount": 100});
    shop.post("/v1/refunds/", refund).await;
    shop.settle().await;
    shop.skip("P3M").await;
    let running = shop.items("/v1/subscriptions/?active=true").await;
    let path = format!("/v1/subscriptions/{}", id(&running[0]));
    shop.patch(&path, json!({"cancel_at_period_end": true}))
        .await;
    shop.skip("P9M").await;
}

#[tokio::test]
async fn the_same_story_makes_the_same_world_to_the_byte() {
    let (one, other) = (shop(None).await, shop(None).await);
    story(&one).await;
    story(&other).await;
    assert!(dump(&one).lines().count() > 200, "there is a story to tell");
    assert_same(&dump(&one), &dump(&other));
}

#[tokio::test]
async fn going_back_leads_to_the_same_world_and_from_there_to_the_same_future() {
    let shop = shop(None).await;
    let seeded = dump(&shop);
    shop.sandbox.control("/sandbox/snapshot", json!({})).await;
    story(&shop).await;
    let then = dump(&shop);
    shop.sandbox.control("/sandbox/restore", json!({})).await;
    assert_same(&dump(&shop), &seeded);
    story(&shop).await;
    assert_same(&dump(&shop), &then);
}

#[tokio::test]
async fn a_world_read_from_disk_is_the_same_and_goes_on_the_same() {
    let (kept, gone) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut worlds = Vec::new();
    for (folder, stops) in [(&kept, false), (&gone, true)] {
        let mut teller = shop(Some(folder.path())).await;
        story(&teller).await;
        if stops {
            let before = dump(&teller);
            teller.sandbox.stop().await;
            teller = shop(Some(folder.path())).await;
            assert_same(&dump(&teller), &before);
        }
        let body = json!({"email": "after@example.com"});
        let path = "/v1/customers/";
        teller.sandbox.call(Method::POST, path, body).await;
        teller.skip("P2M").await;
        worlds.push(dump(&teller));
    }
    assert_same(&worlds[0], &worlds[1]);
}
