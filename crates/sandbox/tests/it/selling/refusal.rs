//! What a seller or a buyer may not say, and the words in which they are told.

use reqwest::Method;
use serde_json::{Value, json};

use super::stall::{Stall, client, id};

const EMAIL: &str = "ada@example.com";

/// The place and the words of the first thing wrong.
fn first_flaw(answer: &Value) -> (String, String) {
    let flaw = &answer["detail"][0];
    let steps = flaw["loc"].as_array().into_iter().flatten();
    let steps: Vec<_> = steps
        .map(|step| {
            step.as_str()
                .map_or_else(|| step.to_string(), str::to_owned)
        })
        .collect();
    let words = flaw["msg"].as_str().unwrap_or_default();
    (steps.join("."), words.to_owned())
}

/// Refuses to open a session of the product with each of these fields.
async fn refuses(stall: &Stall, product: &Value, cases: &[(Value, &str, &str)]) {
    for (fields, place, words) in cases {
        let mut body = fields.clone();
        body["products"] = json!([id(product)]);
        let call = stall.sandbox.call(Method::POST, "/v1/checkouts/", body);
        let (status, answer) = call.await;
        assert_eq!(status, 422, "{fields}: {answer}");
        let wanted = ((*place).to_owned(), (*words).to_owned());
        assert_eq!(first_flaw(&answer), wanted, "{fields}");
    }
}

#[tokio::test]
async fn a_fixed_price_has_neither_seats_nor_other_currencies() {
    let stall = Stall::open().await;
    let product = stall.product(1000, None, Value::Null).await;
    let seats = "Seats can only be set for seat-based pricing.";
    let least = "min_seats can only be set for seat-based pricing.";
    let currency = "Product is not available in the specified currency.";
    let tax = "Country is required to validate tax ID.";
    let cases = [
        (json!({"seats": 2}), "body.seats", seats),
        (json!({"min_seats": 2}), "body.min_seats", least),
        (json!({"currency": "eur"}), "body.products.0", currency),
        (
            json!({"customer_tax_id": "DE1"}),
            "body.customer_billing_address",
            tax,
        ),
    ];
    refuses(&stall, &product, &cases).await;
}

#[tokio::test]
async fn a_chosen_amount_has_bounds() {
    let stall = Stall::open().await;
    let prices = json!([{"amount_type": "custom", "minimum_amount": 500, "maximum_amount": 2000}]);
    let body = json!({"name": "Gift", "prices": prices});
    let product = stall.post("/v1/products/", body).await;
    let cases = [
        (
            json!({"amount": 499}),
            "body.amount",
            "Amount is below minimum.",
        ),
        (
            json!({"amount": 2001}),
            "body.amount",
            "Amount is above maximum.",
        ),
    ];
    refuses(&stall, &product, &cases).await;
}

/// A product for teams of two to five.
async fn team(stall: &Stall) -> Value {
    let tiers = json!({"tiers": [{"min_seats": 2, "max_seats": 5, "price_per_seat": 700}]});
    let prices = json!([{"amount_type": "seat_based", "seat_tiers": tiers}]);
    let body = json!({"name": "Team", "prices": prices});
    stall.post("/v1/products/", body).await
}

#[tokio::test]
async fn seats_have_bounds_and_a_session_may_only_narrow_them() {
    let stall = Stall::open().await;
    let cases = [
        (
            json!({"seats": 1}),
            "body.seats",
            "Minimum 2 seats required.",
        ),
        (
            json!({"seats": 6}),
            "body.seats",
            "Maximum 5 seats allowed.",
        ),
        (
            json!({"min_seats": 1}),
            "body.min_seats",
            "min_seats must be at least 2.",
        ),
        (
            json!({"max_seats": 6}),
            "body.max_seats",
            "max_seats must be at most 5.",
        ),
    ];
    refuses(&stall, &team(&stall).await, &cases).await;
}

#[tokio::test]
async fn a_buyer_is_told_what_is_missing_all_at_once() {
    let stall = Stall::open().await;
    let product = stall.product(1000, None, Value::Null).await;
    let body = json!({"products": [id(&product)], "require_billing_address": true});
    let checkout = stall.post("/v1/checkouts/", body).await;
    let path = client(&checkout, "/confirm");
    let (status, answer) = stall.buyer(Method::POST, &path, json!({})).await;
    assert_eq!(status, 422, "{answer}");
    let flaws = answer["detail"].as_array().unwrap();
    let named: Vec<_> = flaws
        .iter()
        .map(|flaw| flaw["loc"].as_array().unwrap().last().unwrap().clone())
        .collect();
    for wanted in [
        "customer_email",
        "customer_billing_address",
        "country",
        "line1",
        "city",
        "postal_code",
        "confirmation_token_id",
    ] {
        assert!(named.contains(&json!(wanted)), "{wanted}: {answer}");
    }
}

#[tokio::test]
async fn changing_to_no_business_forgets_what_only_a_business_has() {
    let stall = Stall::open().await;
    let product = stall.product(1000, None, Value::Null).await;
    let checkout = stall.checkout(&product, EMAIL, Value::Null).await;
    let path = client(&checkout, "");
    let business = json!({
        "is_business_customer": true, "customer_billing_name": "Ada GmbH",
        "customer_billing_address": {"country": "DE", "line1": "Weg 1", "city": "Ulm", "postal_code": "89073"},
        "customer_tax_id": "DE123456789",
    });
    let (status, shown) = stall.buyer(Method::PATCH, &path, business).await;
    assert_eq!(status, 200, "{shown}");
    // The tax is the buyer's to pay.
    assert_eq!(
        (&shown["tax_amount"], &shown["total_amount"]),
        (&json!(0), &json!(1000))
    );
    let (_, shown) = stall
        .buyer(Method::PATCH, &path, json!({"is_business_customer": false}))
        .await;
    assert_eq!(
        (&shown["customer_tax_id"], &shown["customer_billing_name"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        (&shown["net_amount"], &shown["tax_amount"]),
        (&json!(840), &json!(160))
    );
}

#[tokio::test]
async fn a_link_sells_only_numbers_that_its_products_have() {
    let stall = Stall::open().await;
    let fixed = stall.product(1000, None, Value::Null).await;
    let seats = team(&stall).await;
    for (product, words) in [
        (
            &fixed,
            "Seats can only be preconfigured when all products use seat-based pricing.",
        ),
        (&seats, "Product 'Team' allows between 2 and 5 seats."),
    ] {
        let body = json!({"products": [id(product)], "seats": 9, "payment_processor": "stripe"});
        let call = stall
            .sandbox
            .call(Method::POST, "/v1/checkout-links/", body);
        let (status, answer) = call.await;
        assert_eq!(status, 422, "{answer}");
        assert_eq!(
            first_flaw(&answer),
            ("body.seats".to_owned(), words.to_owned())
        );
    }
}
