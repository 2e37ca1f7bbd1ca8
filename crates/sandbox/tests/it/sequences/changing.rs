//! Changing what is subscribed to, and giving money back.

use super::{Act, Plan, Row, VISA, tell};

const MONTHLY: Plan = Plan::Monthly(1000);
const MORE: Plan = Plan::Monthly(3000);
const UPDATED: &[&str] = &["subscription.updated active", "customer.state_changed"];

const ROWS: &[Row] = &[
    (
        "another product, paid with the next bill",
        MONTHLY,
        &[Act::Buy(VISA)],
        Act::Move(MORE, "prorate"),
        &[
            "subscription.updated active",
            "benefit_grant.revoked",
            "benefit_grant.created",
            "customer.state_changed",
        ],
    ),
    (
        "another product, paid now",
        MONTHLY,
        &[Act::Buy(VISA)],
        Act::Move(MORE, "invoice"),
        &[
            "order.created pending subscription_update",
            "subscription.updated active",
            "order.updated paid",
            "order.paid paid",
            "benefit_grant.revoked",
            "benefit_grant.created",
            "order.updated paid",
            "customer.state_changed",
        ],
    ),
    (
        "a cheaper product, given back now: there is nothing to charge",
        MORE,
        &[Act::Buy(VISA)],
        Act::Move(MONTHLY, "invoice"),
        &[
            "order.created pending subscription_update",
            "order.updated paid",
            "order.paid paid",
            "subscription.updated active",
            "benefit_grant.revoked",
            "benefit_grant.created",
            "customer.state_changed",
        ],
    ),
    (
        "another product, next month",
        MONTHLY,
        &[Act::Buy(VISA)],
        Act::Move(MORE, "next_period"),
        UPDATED,
    ),
    (
        "next month has come",
        MONTHLY,
        &[Act::Buy(VISA), Act::Move(MORE, "next_period")],
        Act::Wait("P32D"),
        &[
            "subscription.cycled active",
            "subscription.updated active",
            "benefit_grant.revoked",
            "benefit_grant.created",
            "order.created pending subscription_cycle",
            "order.updated paid",
            "order.paid paid",
            "benefit_grant.cycled",
            "order.updated paid",
            "customer.state_changed",
        ],
    ),
    (
        "a year instead of a month is paid now, whatever was asked",
        MONTHLY,
        &[Act::Buy(VISA)],
        Act::Move(Plan::Yearly(9000), "prorate"),
        &[
            "order.created pending subscription_update",
            "subscription.updated active",
            "order.updated paid",
            "order.paid paid",
            "benefit_grant.revoked",
            "benefit_grant.created",
            "order.updated paid",
            "customer.state_changed",
        ],
    ),
    (
        "what waited is forgotten",
        MONTHLY,
        &[Act::Buy(VISA), Act::Move(MORE, "next_period")],
        Act::Patch(r#"{"pending_update": null}"#),
        UPDATED,
    ),
    (
        "a new end of the month",
        MONTHLY,
        &[Act::Buy(VISA)],
        Act::Patch(r#"{"current_billing_period_end": "2027-12-01T00:00:00Z"}"#),
        UPDATED,
    ),
    (
        "other metadata",
        MONTHLY,
        &[Act::Buy(VISA)],
        Act::Patch(r#"{"metadata": {"a": "b"}}"#),
        UPDATED,
    ),
    (
        "nothing at all is told all the same",
        MONTHLY,
        &[Act::Buy(VISA)],
        Act::Patch("{}"),
        UPDATED,
    ),
    (
        "more seats",
        Plan::Seats,
        &[Act::Buy(VISA)],
        Act::Patch(r#"{"seats": 5}"#),
        UPDATED,
    ),
    (
        "as many seats as before: nothing is told",
        Plan::Seats,
        &[Act::Buy(VISA)],
        Act::Patch(r#"{"seats": 3}"#),
        &[],
    ),
    (
        "more seats, paid now",
        Plan::Seats,
        &[Act::Buy(VISA)],
        Act::Patch(r#"{"seats": 5, "proration_behavior": "invoice"}"#),
        &[
            "order.created pending subscription_update",
            "subscription.updated active",
            "order.updated paid",
            "order.paid paid",
            "order.updated paid",
            "customer.state_changed",
        ],
    ),
    (
        "the trial ends now",
        Plan::Trial(7),
        &[Act::Buy(VISA)],
        Act::Patch(r#"{"trial_end": "now"}"#),
        &[
            "subscription.cycled active",
            "subscription.updated active",
            "order.created pending subscription_cycle",
            "order.updated paid",
            "order.paid paid",
            "benefit_grant.cycled",
            "order.updated paid",
            "customer.state_changed",
        ],
    ),
    (
        "all of it is given back",
        Plan::Once(2900),
        &[Act::Buy(VISA)],
        Act::Refund(None, false),
        &[
            "refund.created succeeded",
            "order.updated refunded",
            "order.refunded refunded",
        ],
    ),
    (
        "a month is given back: the subscription goes on",
        MONTHLY,
        &[Act::Buy(VISA)],
        Act::Refund(None, false),
        &[
            "refund.created succeeded",
            "order.updated refunded",
            "order.refunded refunded",
        ],
    ),
    (
        "some of it is given back",
        Plan::Once(2900),
        &[Act::Buy(VISA)],
        Act::Refund(Some(900), false),
        &[
            "refund.created succeeded",
            "order.updated partially_refunded",
            "order.refunded partially_refunded",
        ],
    ),
    (
        "all of it is given back, and what was granted taken back",
        Plan::Once(2900),
        &[Act::Buy(VISA)],
        Act::Refund(None, true),
        &[
            "refund.created succeeded",
            "order.updated refunded",
            "order.refunded refunded",
            "benefit_grant.revoked",
            "customer.state_changed",
        ],
    ),
];

#[tokio::test]
async fn changing() {
    tell(ROWS).await;
}
