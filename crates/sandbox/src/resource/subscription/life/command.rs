//! What may happen in a life, and what is on sale.

use proptest::prelude::*;
use serde_json::{Value, json};

/// The last one gives nothing back.
pub(super) const PRORATIONS: [&str; 4] = ["invoice", "prorate", "next_period", "reset"];
pub(super) const FAIR: usize = 3;
/// How many seats or units there may be.
pub(super) const MOST: i64 = 6;
pub(super) const GOOD: &str = "pm_card_visa";
pub(super) const BAD: &str = "pm_card_chargeCustomerFail";

#[derive(Debug, Clone)]
pub(super) enum Command {
    Patch(Value),
    /// To that plan, in that way.
    Move(usize, usize),
    /// So many seats or units, in that way.
    Number(&'static str, i64, usize),
    /// The period is to end in so many days.
    End(i64),
    Discount(usize),
    Trial(i64),
    /// Something is used so often.
    Use(usize),
    Revoke,
    Card(&'static str),
    Wait(i64),
}

pub(super) fn command() -> impl Strategy<Value = Command> {
    let patches = prop::sample::select(vec![
        json!({"cancel_at_period_end": true, "customer_cancellation_reason": "unused"}),
        json!({"cancel_at_period_end": true}),
        json!({"cancel_at_period_end": false}),
        json!({"pause_at_period_end": true}),
        json!({"pause_at_period_end": false}),
        json!({"resume": true}),
        json!({"pending_update": null}),
        json!({"trial_end": "now"}),
        json!({"discount_id": null}),
    ]);
    let cards = prop::sample::select(vec![GOOD, BAD]);
    prop_oneof![
        4 => patches.prop_map(Command::Patch),
        8 => change(PLANS, PRORATIONS.len()),
        3 => (1..9usize).prop_map(Command::Use),
        1 => (1..90i64).prop_map(Command::End),
        1 => (0..2usize).prop_map(Command::Discount),
        1 => (1..90i64).prop_map(Command::Trial),
        1 => Just(Command::Revoke),
        2 => cards.prop_map(Command::Card),
        5 => (1..1200i64).prop_map(Command::Wait),
    ]
}

/// Another of the first `plans`, or another number, in one of the first `ways`.
pub(super) fn change(plans: usize, ways: usize) -> impl Strategy<Value = Command> {
    let countable = prop::sample::select(vec!["seats", "units"]);
    prop_oneof![
        (0..plans, 0..ways).prop_map(|(to, how)| Command::Move(to, how)),
        (countable, 1..=MOST, 0..ways)
            .prop_map(|(what, number, how)| Command::Number(what, number, how)),
    ]
}

pub(super) const PLANS: usize = 6;
/// All but the one by use.
pub(super) const FORESEEN: usize = 5;

/// Nothing, some, a year of all, by the seat, by the unit, and a year by use, billed every month.
pub(super) fn plans(meter: &str) -> [Value; PLANS] {
    let fixed = |amount: i64| json!({"amount_type": "fixed", "price_currency": "usd", "price_amount": amount});
    let plan = |name: &str, interval: &str, price: Value| json!({"name": name, "recurring_interval": interval, "prices": [price]});
    let seats = json!([{"min_seats": 1, "max_seats": MOST, "price_per_seat": 500}]);
    let units = json!({"type": "volume", "tiers": [{"bound": MOST, "unit_amount": "300"}]});
    [
        plan("Nothing", "month", fixed(0)),
        plan("Some", "month", fixed(1_000)),
        plan("All", "year", fixed(10_000)),
        plan(
            "Seats",
            "month",
            json!({"amount_type": "seat_based", "seat_tiers": {"tiers": seats}}),
        ),
        plan(
            "Units",
            "month",
            json!({"amount_type": "unit_based", "tiers": units}),
        ),
        json!({
            "name": "Calls", "recurring_interval": "year", "meter_interval": "month",
            "prices": [{"amount_type": "metered_unit", "meter_id": meter, "unit_amount": "70"}],
        }),
    ]
}
