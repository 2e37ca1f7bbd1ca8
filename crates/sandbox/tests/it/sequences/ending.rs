//! Leaving and resting, and thinking better of it.

use super::{Act, FADING, Plan, Row, VISA, tell};

const CANCEL: Act = Act::Patch(r#"{"cancel_at_period_end": true}"#);
const PAUSE: Act = Act::Patch(r#"{"pause_at_period_end": true}"#);
const MONTHLY: Plan = Plan::Monthly(1000);

const ROWS: &[Row] = &[
    (
        "cancelled for the end of the month",
        MONTHLY,
        &[Act::Buy(VISA)],
        CANCEL,
        &[
            "subscription.updated active",
            "subscription.canceled active",
            "customer.state_changed",
        ],
    ),
    (
        "the end of that month: cancelled is told again",
        MONTHLY,
        &[Act::Buy(VISA), CANCEL],
        Act::Wait("P32D"),
        &[
            "subscription.updated canceled",
            "subscription.canceled canceled",
            "subscription.revoked canceled",
            "benefit_grant.revoked",
            "customer.state_changed",
        ],
    ),
    (
        "taken back",
        MONTHLY,
        &[Act::Buy(VISA), CANCEL],
        Act::Patch(r#"{"cancel_at_period_end": false}"#),
        &[
            "subscription.updated active",
            "subscription.uncanceled active",
            "customer.state_changed",
        ],
    ),
    (
        "ended at once",
        MONTHLY,
        &[Act::Buy(VISA)],
        Act::Delete,
        &[
            "subscription.updated canceled",
            "subscription.canceled canceled",
            "subscription.revoked canceled",
            "benefit_grant.revoked",
            "customer.state_changed",
        ],
    ),
    (
        "ended at once after it was cancelled",
        MONTHLY,
        &[Act::Buy(VISA), CANCEL],
        Act::Patch(r#"{"revoke": true}"#),
        &[
            "subscription.updated canceled",
            "subscription.canceled canceled",
            "subscription.revoked canceled",
            "benefit_grant.revoked",
            "customer.state_changed",
        ],
    ),
    (
        "ended while an order is open, which becomes void",
        MONTHLY,
        &[Act::Buy(FADING), Act::Wait("P32D")],
        Act::Delete,
        &[
            "subscription.updated canceled",
            "subscription.canceled canceled",
            "subscription.revoked canceled",
            "order.updated void",
            "customer.state_changed",
        ],
    ),
    (
        "a pause is planned",
        MONTHLY,
        &[Act::Buy(VISA)],
        PAUSE,
        &["subscription.updated active", "customer.state_changed"],
    ),
    (
        "a planned pause is taken back",
        MONTHLY,
        &[Act::Buy(VISA), PAUSE],
        Act::Patch(r#"{"pause_at_period_end": false}"#),
        &["subscription.updated active", "customer.state_changed"],
    ),
    (
        "the pause begins",
        MONTHLY,
        &[Act::Buy(VISA), PAUSE],
        Act::Wait("P32D"),
        &[
            "subscription.updated paused",
            "subscription.paused paused",
            "benefit_grant.revoked",
            "customer.state_changed",
        ],
    ),
    (
        "the pause is over: a new month, a new order, neither active nor cycled",
        MONTHLY,
        &[Act::Buy(VISA), PAUSE, Act::Wait("P32D")],
        Act::Patch(r#"{"resume": true}"#),
        &[
            "subscription.updated active",
            "subscription.resumed active",
            "order.created pending subscription_cycle",
            "benefit_grant.created",
            "order.updated paid",
            "order.paid paid",
            "benefit_grant.cycled",
            "order.updated paid",
            "customer.state_changed",
        ],
    ),
    (
        "ended during the pause",
        MONTHLY,
        &[Act::Buy(VISA), PAUSE, Act::Wait("P32D")],
        Act::Patch(r#"{"revoke": true}"#),
        &[
            "subscription.updated canceled",
            "subscription.canceled canceled",
            "subscription.revoked canceled",
            "customer.state_changed",
        ],
    ),
    (
        "the end of a month of use: what was used is billed",
        Plan::Metered,
        &[Act::Buy(VISA), Act::Use(3), CANCEL],
        Act::Wait("P32D"),
        &[
            "subscription.updated canceled",
            "subscription.canceled canceled",
            "subscription.revoked canceled",
            "order.created pending subscription_cycle",
            "benefit_grant.revoked",
            "order.updated paid",
            "order.paid paid",
            "order.updated paid",
            "customer.state_changed",
        ],
    ),
];

#[tokio::test]
async fn ending() {
    tell(ROWS).await;
}
