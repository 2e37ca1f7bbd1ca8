//! Customers who come, change and go, and who sits where.

use super::{Act, FADING, Plan, Row, VISA, tell};

const BOB: &str = "bob@example.com";

const ROWS: &[Row] = &[
    (
        "a customer is made",
        Plan::Once(0),
        &[],
        Act::MakeCustomer,
        &[
            "member.created",
            "customer.created",
            "customer.state_changed",
        ],
    ),
    (
        "a customer is renamed",
        Plan::Once(0),
        &[Act::MakeCustomer],
        Act::Rename,
        &["customer.updated", "customer.state_changed"],
    ),
    (
        "a customer is deleted who has nothing",
        Plan::Once(0),
        &[Act::MakeCustomer],
        Act::DeleteCustomer,
        &[
            "member.deleted",
            "customer.deleted",
            "customer.state_changed",
        ],
    ),
    (
        "a subscriber is deleted",
        Plan::Monthly(1000),
        &[Act::Buy(VISA)],
        Act::DeleteCustomer,
        &[
            "member.deleted",
            "subscription.updated canceled",
            "subscription.canceled canceled",
            "subscription.revoked canceled",
            "benefit_grant.revoked",
            "customer.deleted",
            "customer.state_changed",
            "customer.state_changed",
        ],
    ),
    (
        "a team begins: the buyer sits down",
        Plan::Seats,
        &[Act::Open],
        Act::Confirm(VISA, 200),
        &[
            "member.created",
            "checkout.updated confirmed",
            "customer.created",
            "customer.state_changed",
            "subscription.created active",
            "subscription.active active",
            "subscription.updated active",
            "order.created paid subscription_create",
            "order.updated paid",
            "order.paid paid",
            "checkout.updated succeeded",
            "customer_seat.claimed claimed",
            "customer.updated",
            "customer.state_changed",
            "benefit_grant.created",
            "order.updated paid",
            "customer.state_changed",
        ],
    ),
    (
        "a seat is offered",
        Plan::Seats,
        &[Act::Buy(VISA)],
        Act::Seat(BOB, false),
        &["customer_seat.assigned pending"],
    ),
    (
        "a seat is taken",
        Plan::Seats,
        &[Act::Buy(VISA), Act::Seat(BOB, false)],
        Act::Claim(BOB),
        &[
            "customer_seat.claimed claimed",
            "benefit_grant.created",
            "customer.state_changed",
        ],
    ),
    (
        "a seat is given at once",
        Plan::Seats,
        &[Act::Buy(VISA)],
        Act::Seat(BOB, true),
        &[
            "customer_seat.claimed claimed",
            "benefit_grant.created",
            "customer.state_changed",
        ],
    ),
    (
        "a seat is taken back",
        Plan::Seats,
        &[Act::Buy(VISA), Act::Seat(BOB, true)],
        Act::Unseat,
        &[
            "customer_seat.revoked revoked",
            "benefit_grant.revoked",
            "customer.state_changed",
        ],
    ),
    (
        "a team is left: the seats go before the subscription is said to end",
        Plan::Seats,
        &[Act::Buy(VISA)],
        Act::Delete,
        &[
            "customer_seat.revoked revoked",
            "subscription.updated canceled",
            "subscription.canceled canceled",
            "subscription.revoked canceled",
            "benefit_grant.revoked",
            "customer.state_changed",
        ],
    ),
    (
        "a team does not pay: the seats go after it is said to be past due",
        Plan::Seats,
        &[Act::Buy(FADING)],
        Act::Wait("P31DT1H"),
        &[
            "subscription.cycled active",
            "subscription.updated active",
            "order.created pending subscription_cycle",
            "subscription.updated past_due",
            "subscription.past_due past_due",
            "customer_seat.revoked revoked",
            "benefit_grant.revoked",
            "customer.state_changed",
        ],
    ),
    (
        "a team rests",
        Plan::Seats,
        &[
            Act::Buy(VISA),
            Act::Patch(r#"{"pause_at_period_end": true}"#),
        ],
        Act::Wait("P32D"),
        &[
            "customer_seat.revoked revoked",
            "subscription.updated paused",
            "subscription.paused paused",
            "benefit_grant.revoked",
            "customer.state_changed",
        ],
    ),
];

#[tokio::test]
async fn people() {
    tell(ROWS).await;
}
