//! What is on sale, and what comes with it: made, changed, taken away.

use super::{Act, Plan, Row, VISA, tell};

const ONCE: Plan = Plan::Once(0);
const BOUGHT: &[Act] = &[Act::Buy(VISA)];
const DISCOUNT: Act = Act::Ask(
    "POST",
    "/v1/discounts/",
    r#"{"name": "Less", "type": "percentage", "basis_points": 1000, "duration": "once"}"#,
);

const ROWS: &[Row] = &[
    (
        "a product is made",
        ONCE,
        &[],
        Act::Ask(
            "POST",
            "/v1/products/",
            r#"{"name": "Another", "prices": [{"amount_type": "fixed", "price_amount": 0}]}"#,
        ),
        &["product.created"],
    ),
    (
        "a product is renamed",
        ONCE,
        &[],
        Act::Ask("PATCH", "/v1/products/PRODUCT", r#"{"name": "Renamed"}"#),
        &["product.updated"],
    ),
    (
        "a product is taken off sale",
        ONCE,
        BOUGHT,
        Act::Ask("PATCH", "/v1/products/PRODUCT", r#"{"is_archived": true}"#),
        &["product.updated"],
    ),
    (
        "a product does not grant anything any more",
        ONCE,
        BOUGHT,
        Act::Ask(
            "POST",
            "/v1/products/PRODUCT/benefits",
            r#"{"benefits": []}"#,
        ),
        &[
            "product.updated",
            "benefit_grant.revoked",
            "customer.state_changed",
        ],
    ),
    (
        "a benefit is made",
        ONCE,
        &[],
        Act::Ask(
            "POST",
            "/v1/benefits/",
            r#"{"type": "feature_flag", "description": "A flag", "properties": {}}"#,
        ),
        &["benefit.created"],
    ),
    (
        "a benefit is described otherwise: it is the same for who has it",
        ONCE,
        BOUGHT,
        Act::Ask(
            "PATCH",
            "/v1/benefits/BENEFIT",
            r#"{"type": "custom", "description": "Other words"}"#,
        ),
        &["benefit.updated"],
    ),
    (
        "a benefit is deleted: only those who had it hear of it",
        ONCE,
        BOUGHT,
        Act::Ask("DELETE", "/v1/benefits/BENEFIT", "null"),
        &["benefit_grant.revoked", "customer.state_changed"],
    ),
    (
        "a discount is made",
        ONCE,
        &[],
        DISCOUNT,
        &["discount.created"],
    ),
    (
        "a discount is renamed",
        ONCE,
        &[DISCOUNT],
        Act::Ask("PATCH", "/v1/discounts/MADE", r#"{"name": "More"}"#),
        &["discount.updated"],
    ),
    (
        "a discount is deleted",
        ONCE,
        &[DISCOUNT],
        Act::Ask("DELETE", "/v1/discounts/MADE", "null"),
        &["discount.deleted"],
    ),
];

#[tokio::test]
async fn catalogue() {
    tell(ROWS).await;
}
