//! What happens at Polar itself, with no gateway in between, and what Polar says of it all.

use std::collections::{BTreeMap, BTreeSet};

use polarkit::Polar;
use polarkit_sandbox::Sandbox;
use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::product;
use crate::world::World;

/// Buys at Polar, by a card that works; answers Polar's id of the checkout.
pub(crate) async fn buy(polar: &Polar, sandbox: &Sandbox, name: &str, external_id: &str) {
    let product = product(polar, name).await;
    let mailbox = external_id.replace(|one: char| !one.is_ascii_alphanumeric(), "_");
    let ask = json!({
        "products": [product], "external_customer_id": external_id,
        "customer_email": format!("{mailbox}@example.com"), "customer_name": "Jane Doe",
        "customer_billing_address": {
            "line1": "1 Main St", "postal_code": "94104", "city": "San Francisco",
            "state": "US-CA", "country": "US",
        },
    });
    let created = post(polar, "/v1/checkouts/", &ask).await;
    let secret = created["client_secret"].as_str().unwrap();
    let mut confirmed = json!({"customer_name": "Jane Doe"});
    if created["is_payment_form_required"] == true {
        confirmed["confirmation_token_id"] = json!("pm_card_visa");
    }
    post(
        polar,
        &format!("/v1/checkouts/client/{secret}/confirm"),
        &confirmed,
    )
    .await;
    sandbox.settle().await.unwrap();
}

pub(crate) async fn post(polar: &Polar, path: &str, body: &Value) -> Value {
    polar
        .raw(path)
        .method(Method::POST)
        .json(body)
        .await
        .unwrap()
}

pub(crate) async fn patch(polar: &Polar, path: &str, body: &Value) -> Value {
    polar
        .raw(path)
        .method(Method::PATCH)
        .json(body)
        .await
        .unwrap()
}

pub(crate) async fn list(polar: &Polar, path: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for page in 1.. {
        let call = polar.raw(path).query("limit", 100).query("page", page);
        let answer = call.await.unwrap();
        all.extend(answer["items"].as_array().unwrap().iter().cloned());
        if page >= answer["pagination"]["max_page"].as_i64().unwrap() {
            break;
        }
    }
    all
}

/// Switches the gateway's endpoint off or on, as an operator at Polar might.
pub(crate) async fn deliver(polar: &Polar, enabled: bool) {
    for endpoint in list(polar, "/v1/webhooks/endpoints").await {
        let path = format!(
            "/v1/webhooks/endpoints/{}",
            endpoint["id"].as_str().unwrap()
        );
        patch(polar, &path, &json!({"enabled": enabled})).await;
    }
}

/// Polar's only subscription of a customer.
pub(crate) async fn subscription(polar: &Polar, external_id: &str) -> String {
    let path = format!("/v1/subscriptions/?external_customer_id={external_id}");
    let all = polar.raw(&path).await.unwrap();
    all["items"][0]["id"].as_str().unwrap().to_owned()
}

/// What each customer may use, as Polar states it: products by subscriptions and paid orders,
/// benefits by grants, seats where one is claimed.
pub(crate) async fn truth(polar: &Polar) -> BTreeMap<String, BTreeSet<String>> {
    let orders = list(polar, "/v1/orders/").await;
    let mut all = BTreeMap::new();
    for customer in list(polar, "/v1/customers/").await {
        let Some(external_id) = customer["external_id"].as_str() else {
            continue;
        };
        let path = format!("/v1/customers/{}/state", customer["id"].as_str().unwrap());
        let state = polar.raw(&path).await.unwrap();
        let named = |list: &str, field: &str| {
            let rows = state[list].as_array().unwrap().clone();
            let field = field.to_owned();
            rows.into_iter()
                .map(move |row| row[&field].as_str().unwrap().to_owned())
        };
        let mut may: BTreeSet<String> = named("active_subscriptions", "product_id").collect();
        may.extend(named("granted_benefits", "benefit_id"));
        let bought = orders.iter().filter(|order| {
            order["customer_id"] == customer["id"]
                && order["subscription_id"].is_null()
                && (order["status"] == "paid" || order["status"] == "partially_refunded")
        });
        let bought: Vec<&Value> = bought.collect();
        let products = bought.iter().map(|order| &order["product_id"]);
        may.extend(products.filter_map(|id| id.as_str().map(str::to_owned)));
        for active in state["active_subscriptions"].as_array().unwrap() {
            may.extend(seat(polar, "subscription_id", active).await);
        }
        for order in bought.into_iter().filter(|one| one["seats"].is_number()) {
            may.extend(seat(polar, "order_id", order).await);
        }
        all.insert(external_id.to_owned(), may);
    }
    all
}

/// The seat somebody has of what was bought, if it is sold by seats at all.
async fn seat(polar: &Polar, field: &str, bought: &Value) -> Option<String> {
    let call = polar.raw("/v1/customer-seats");
    let call = call.query(field, bought["id"].as_str().unwrap());
    let answer = call.await.ok()?;
    let mut seats = answer["seats"].as_array().unwrap().iter();
    let product = bought["product_id"].as_str().unwrap();
    seats
        .any(|seat| seat["status"] == "claimed")
        .then(|| format!("seat of {product}"))
}

/// What each of these customers may use, as the gateway says.
pub(crate) async fn said<'a>(
    world: &World,
    customers: impl Iterator<Item = &'a String>,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for external_id in customers {
        let list = world
            .get(&format!("/api/entitlements/{external_id}"))
            .await
            .ok();
        let products = list["products"].as_array().unwrap().iter();
        let benefits = list["benefits"].as_array().unwrap().iter();
        let seats = list["seats"].as_array().unwrap().iter();
        let seats = seats.map(|id| format!("seat of {}", id.as_str().unwrap()));
        let ids = products
            .map(|id| id.as_str().unwrap().to_owned())
            .chain(benefits.map(|one| one["benefit_id"].as_str().unwrap().to_owned()));
        all.insert(external_id.clone(), ids.chain(seats).collect());
    }
    all
}

/// Waits until the gateway says of every customer what Polar states, while time goes by.
pub(crate) async fn agrees(world: &World) {
    let truth = truth(&world.polar).await;
    assert!(!truth.is_empty());
    world
        .until("the gateway says what Polar states", async || {
            world.clock.advance(jiff::SignedDuration::from_secs(10));
            said(world, truth.keys()).await == truth
        })
        .await;
}
