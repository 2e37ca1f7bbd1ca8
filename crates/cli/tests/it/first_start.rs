//! The first start of a gateway, killed: while the tables are made, while Polar is read back.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::delivery::Delivery;
use crate::disk::has_one_order;
use crate::http::client;
use crate::patience::{eventually, pause};
use crate::stage::{Stage, api, now, postgres};
use crate::tables::Tables;

/// After so many milliseconds the process is killed; a start takes some hundred.
const MOMENTS: [u64; 8] = [10, 20, 30, 45, 60, 80, 110, 150];
/// Points of reading back, and at which passage the process dies there.
const POINTS: [&str; 4] = [
    "page.taken:3",
    "page.committed:5",
    "doubt.read:1",
    "doubt.settled:1",
];
const BUYERS: [&str; 3] = ["u_1", "u_2", "u_3"];

async fn tables_are_made(stage: &Stage, moment: u64) {
    let mut begun = stage.serve().spawn().unwrap();
    pause(Duration::from_millis(moment)).await;
    begun.kill().await.unwrap();
    let gateway = stage.gateway().await;
    let delivery = Delivery::of_a_paid_order(now());
    assert!(delivery.send(&client(), gateway.gateway(), now()).await);
    has_one_order(&gateway, &delivery).await;
    gateway.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_breaks_off_is_begun_again() {
    for moment in MOMENTS {
        tables_are_made(&Stage::on_sqlite().await, moment).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_breaks_off_is_begun_again_on_postgresql() {
    for moment in MOMENTS {
        tables_are_made(&Stage::at(postgres().await).await, moment).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dying_while_polar_is_read_back_loses_nothing_and_doubles_nothing() {
    is_read_back(Stage::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dying_while_polar_is_read_back_loses_nothing_and_doubles_nothing_on_postgresql() {
    is_read_back(Stage::at(postgres().await).await).await;
}

async fn is_read_back(mut stage: Stage) {
    let products = stage.list("/v1/products/").await;
    let handbook = products.iter().find(|one| one["name"] == "Handbook");
    let handbook = handbook.unwrap()["id"].as_str().unwrap().to_owned();
    for buyer in BUYERS {
        buy(&stage, &handbook, buyer).await;
    }
    stage.set("POLARKIT_RECONCILE", "true");
    stage.set("POLARKIT_RECONCILE_PER_MINUTE", "60000");
    for at in POINTS {
        stage.set("POLARKIT_CRASH_AT", at);
        let gateway = stage.gateway().await;
        if at.starts_with("doubt") {
            let url = format!("{}/api/reconcile", gateway.gateway());
            let ask = json!({"external_customer_id": "u_1"});
            let call = client().post(url).bearer_auth(crate::stage::KEY).json(&ask);
            // It may die before it answers.
            drop(call.send().await);
        }
        assert!(!gateway.ended().await.success(), "{at}");
        let tables = Tables::at(&stage.database_url).await;
        tables.leases_end().await;
        tables.close().await;
    }
    stage.set("POLARKIT_CRASH_AT", "");
    let gateway = stage.gateway().await;
    eventually("everything is read, and nobody in doubt", async || {
        let status = api(&gateway).get("/api/reconcile").await.ok();
        (status["backfilled"] == true && status["doubts"] == 0).then_some(())
    })
    .await;
    for buyer in BUYERS {
        let may = api(&gateway)
            .get(&format!("/api/entitlements/{buyer}"))
            .await
            .ok();
        assert!(
            may["products"]
                .as_array()
                .unwrap()
                .contains(&json!(handbook)),
            "{may}"
        );
        let known = api(&gateway)
            .get(&format!("/api/customers/{buyer}"))
            .await
            .ok();
        assert_eq!(known["orders"].as_array().unwrap().len(), 1, "{known}");
    }
    assert!(gateway.terminate().await.success());
    let tables = Tables::at(&stage.database_url).await;
    let told = tables
        .texts("SELECT kind || customer || products FROM outbox")
        .await;
    // Access is told once; a payment of before anyone listened is not told as one, whatever was read
    // first.
    let distinct: BTreeSet<&String> = told.iter().collect();
    assert_eq!(distinct.len(), told.len(), "{told:?}");
    assert_eq!(told.len(), BUYERS.len(), "{told:?}");
    assert!(
        told.iter().all(|one| one.starts_with("access.granted")),
        "{told:?}"
    );
    tables.close().await;
}

/// Buys at the sandbox itself; no webhook endpoint is there to tell of it.
async fn buy(stage: &Stage, product: &str, buyer: &str) {
    let post = async |path: String, body: Value| {
        let call = stage.polar().raw(&path).method(reqwest::Method::POST);
        call.json(&body).await.unwrap()
    };
    let ask = json!({
        "products": [product], "external_customer_id": buyer, "customer_name": "Jane Doe",
        "customer_email": format!("{buyer}@example.com"),
        "customer_billing_address": {
            "line1": "1 Main St", "postal_code": "94104", "city": "San Francisco",
            "state": "US-CA", "country": "US",
        },
    });
    let created = post("/v1/checkouts/".to_owned(), ask).await;
    let secret = created["client_secret"].as_str().unwrap();
    let paid = json!({"customer_name": "Jane Doe", "confirmation_token_id": "pm_card_visa"});
    post(format!("/v1/checkouts/client/{secret}/confirm"), paid).await;
}
