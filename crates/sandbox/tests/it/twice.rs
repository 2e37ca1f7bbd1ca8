//! Answers and deliveries are written as text, member by member; none of their objects names one twice.

use std::collections::HashSet;
use std::fmt;

use reqwest::Method;
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::json;

use crate::receiver::Receiver;
use crate::shop::Shop;

/// Any JSON in which no object has two members of one name.
struct Once;

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            map.next_value::<Self>()?;
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format!("{name:?} comes twice")));
            }
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self, A::Error> {
        while seq.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
}

fn check(what: &str, text: &str) {
    serde_json::from_str::<IgnoredAny>(text).unwrap_or_else(|error| panic!("{what}: {error}"));
    if let Err(error) = serde_json::from_str::<Once>(text) {
        panic!("{what}: {error}\n{text}");
    }
}

const LISTS: &[&str] = &[
    "benefit-grants/",
    "benefits/",
    "checkout-links/",
    "checkouts/",
    "custom-fields/",
    "customer-meters/",
    "customers/",
    "discounts/",
    "event-types/",
    "events/",
    "license-keys/",
    "members/",
    "meters/",
    "orders/",
    "organizations/",
    "payments/",
    "products/",
    "refunds/",
    "subscriptions/",
    "webhooks/deliveries",
    "webhooks/endpoints",
];

#[tokio::test]
async fn no_object_that_is_told_names_a_member_twice() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    let events = json!([
        "benefit_grant.created",
        "benefit_grant.cycled",
        "checkout.updated",
        "customer.created",
        "customer.state_changed",
        "order.paid",
        "order.refunded",
        "refund.created",
        "subscription.active",
        "subscription.updated",
    ]);
    let body = json!({"url": receiver.url, "format": "raw", "events": events});
    shop.post("/v1/webhooks/endpoints", body).await;
    let field = json!({"type": "text", "slug": "size", "name": "Size", "properties": {}});
    shop.post("/v1/custom-fields/", field).await;
    let discount = json!({
        "name": "Tenth", "type": "percentage", "basis_points": 1000, "duration": "once", "code": "TENTH",
    });
    shop.post("/v1/discounts/", discount).await;
    let mut links = Vec::new();
    for product in shop.items("/v1/products/?limit=100").await {
        let product = product["id"].as_str().unwrap();
        let email = format!("{product}@example.com");
        let buyer = json!({"customer_email": email, "discount_code": "TENTH"});
        shop.buy(product, buyer).await;
        links.push(product.to_owned());
    }
    shop.post(
        "/v1/checkout-links/",
        json!({"products": links, "payment_processor": "stripe"}),
    )
    .await;
    let order = &shop.items("/v1/orders/?sorting=-amount").await[0];
    let refund = json!({"order_id": order["id"], "reason": "other", "amount": 100});
    shop.post("/v1/refunds/", refund).await;
    shop.skip("P2M").await;
    for list in LISTS {
        let path = format!("/v1/{list}?limit=100");
        let request = shop.sandbox.request(Method::GET, &path);
        let token = &shop.sandbox.credentials.access_token;
        let answer = request.bearer_auth(token).send().await.unwrap();
        let text = answer.text().await.unwrap();
        assert!(text.contains("\"id\":"), "{list} shows something: {text}");
        check(list, &text);
    }
    let arrived = receiver.arrived();
    assert!(arrived.len() > 50, "{}", arrived.len());
    for delivery in arrived {
        check("a delivery", &delivery.body);
    }
}
