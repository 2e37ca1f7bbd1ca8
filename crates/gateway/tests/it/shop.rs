//! What a buyer does, at Polar and not at the gateway.

use polarkit::Polar;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::World;

/// Polar's id of one of the seeded products: Free, Handbook, Pro, Metered.
pub(crate) async fn product(polar: &Polar, name: &str) -> String {
    let products = polar
        .raw("/v1/products/")
        .query("limit", 100)
        .await
        .unwrap();
    let items = products["items"].as_array().unwrap();
    let found = items
        .iter()
        .find(|product| product["name"] == name)
        .unwrap();
    found["id"].as_str().unwrap().to_owned()
}

/// Polar's id of the benefit of a product of this type.
pub(crate) async fn benefit(polar: &Polar, product: &str, kind: &str) -> String {
    let product = polar.raw(&format!("/v1/products/{product}")).await.unwrap();
    let benefits = product["benefits"].as_array().unwrap().clone();
    if let Some(found) = benefits.iter().find(|benefit| benefit["type"] == kind) {
        return found["id"].as_str().unwrap().to_owned();
    }
    let all = polar
        .raw("/v1/benefits/")
        .query("limit", 100)
        .await
        .unwrap();
    let found = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["type"] == kind)
        .cloned();
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

/// Pays for a checkout with this card, and waits until everyone knows.
pub(crate) async fn pay(world: &World, checkout: &str, card: &str) -> Value {
    let checkout = world
        .polar
        .raw(&format!("/v1/checkouts/{checkout}"))
        .await
        .unwrap();
    let secret = checkout["client_secret"].as_str().unwrap();
    let path = format!("/v1/checkouts/client/{secret}");
    let address = json!({
        "line1": "1 Main St", "postal_code": "94104", "city": "San Francisco",
        "state": "US-CA", "country": "US",
    });
    let filled = json!({"customer_email": "jane@example.com", "customer_billing_address": address});
    world
        .polar
        .raw(&path)
        .method(Method::PATCH)
        .json(&filled)
        .await
        .unwrap();
    let mut confirmed = json!({"customer_name": "Jane Doe"});
    if checkout["is_payment_form_required"] == true {
        confirmed["confirmation_token_id"] = json!(card);
    }
    let call = world
        .polar
        .raw(&format!("{path}/confirm"))
        .method(Method::POST)
        .json(&confirmed);
    let answer = call.await.unwrap();
    world.settle().await;
    answer
}

/// A purchase from the shop's button to the end.
pub(crate) async fn buy(world: &World, product_name: &str, external_id: &str) -> String {
    let product = product(&world.polar, product_name).await;
    let ask = json!({"product_id": product, "customer_external_id": external_id});
    let created = world.post("/api/checkout/create", ask).await.ok();
    let checkout = created["checkout_id"].as_str().unwrap().to_owned();
    pay(world, &checkout, "pm_card_visa").await;
    product
}
