//! Sums that hold whatever is sold, given back, disputed and settled, in whatever order.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::Order;
use crate::call::{Call, Caller};
use crate::operations;
use crate::query::Query;
use crate::reply::Reply;
use crate::resource::dispute::{self, DisputeStatus};
use crate::resource::order;
use crate::resource::payment::PaymentStatus;
use crate::resource::refund::{self, RefundStatus};
use crate::seed;
use crate::world::{Id, World};

const COUNTRIES: [&str; 4] = ["US", "DE", "IN", "JP"];
const CARDS: [&str; 3] = [
    "pm_card_visa",
    "pm_card_pendingRefund",
    "pm_card_refundFail",
];
const BEHAVIORS: [&str; 3] = ["location", "inclusive", "exclusive"];

#[derive(Debug, Clone, Copy)]
enum Command {
    Sell(i64, usize, usize, usize),
    Refund(usize, i64),
    Settle(usize, RefundStatus),
    Dispute(usize, i64),
    Turn(usize, DisputeStatus),
    Wait(i64),
}

fn command() -> impl Strategy<Value = Command> {
    use DisputeStatus::{Lost, NeedsResponse, Prevented, UnderReview, Won};
    use RefundStatus::{Canceled, Failed, Succeeded};
    let words = prop::sample::select(vec![Succeeded, Failed, Canceled]);
    let turns = prop::sample::select(vec![Prevented, NeedsResponse, UnderReview, Lost, Won]);
    prop_oneof![
        3 => (50..100_000i64, 0..4usize, 0..3usize, 0..3usize)
            .prop_map(|(amount, country, card, tax)| Command::Sell(amount, country, card, tax)),
        6 => (0..8usize, 1..=110i64).prop_map(|(order, part)| Command::Refund(order, part)),
        3 => (0..8usize, words).prop_map(|(refund, word)| Command::Settle(refund, word)),
        2 => (0..8usize, 1..=100i64).prop_map(|(order, part)| Command::Dispute(order, part)),
        2 => (0..4usize, turns).prop_map(|(dispute, turn)| Command::Turn(dispute, turn)),
        2 => (1..100i64).prop_map(Command::Wait),
    ]
}

fn call(world: &mut World, operation: &str, path: &[(&str, &str)], body: Value) -> Option<Value> {
    let organization = world.credentials.as_ref()?.organization;
    let path = path
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let call = Call {
        caller: Caller::Organization(organization),
        path: path.collect::<BTreeMap<_, _>>(),
        query: Query::default(),
        body,
    };
    match operations::run(world, operation, &call).ok()? {
        Reply::Json(made) => Some(made.value()),
        Reply::Empty | Reply::Redirect(_) | Reply::Watch(_) | Reply::File { .. } => None,
    }
}

fn sell(world: &mut World, amount: i64, country: &str, card: &str, behavior: &str) {
    let price = json!({
        "amount_type": "fixed", "price_currency": "usd", "price_amount": amount,
        "tax_behavior": behavior,
    });
    let product = json!({"name": "Thing", "prices": [price]});
    let product = call(world, "products:create", &[], product).unwrap();
    let address = json!({
        "country": country, "line1": "1", "city": "X", "postal_code": "1", "state": "US-CA",
    });
    let body = json!({
        "products": [product["id"]], "customer_email": format!("{amount}@example.com"),
        "customer_billing_address": address,
    });
    let checkout = call(world, "checkouts:create", &[], body).unwrap();
    let secret = checkout["client_secret"].as_str().unwrap();
    let body = json!({"customer_name": "Ada", "confirmation_token_id": card});
    let path = [("client_secret", secret)];
    call(world, "checkouts:client_confirm", &path, body).unwrap();
}

/// Refusals are fine; what they leave behind is looked at like everything else.
fn act(world: &mut World, command: Command) {
    let orders: Vec<_> = world.orders.iter().cloned().collect();
    let nth = |place: usize| orders.get(place % orders.len().max(1));
    match command {
        Command::Sell(amount, country, card, tax) => {
            let (country, card) = (COUNTRIES[country], CARDS[card]);
            sell(world, amount, country, card, BEHAVIORS[tax]);
        }
        Command::Refund(place, part) => {
            if let Some(order) = nth(place) {
                let amount = (order.net_amount() * part / 100).max(1);
                let body = json!({"order_id": order.id, "reason": "other", "amount": amount});
                call(world, "refunds:create", &[], body);
            }
        }
        Command::Settle(place, word) => {
            let ids: Vec<_> = world.refunds.iter().map(|row| row.id).collect();
            if let Some(id) = ids.get(place) {
                drop(refund::settle(world, *id, word));
            }
        }
        Command::Dispute(place, part) => {
            if let Some(order) = nth(place) {
                let amount = order.total_amount() * part / 100;
                let opening = serde_json::from_value(json!({"amount": amount})).unwrap();
                drop(dispute::open(world, order.id, opening));
            }
        }
        Command::Turn(place, turn) => {
            let ids: Vec<_> = world.disputes.iter().map(|row| row.id).collect();
            if let Some(id) = ids.get(place) {
                drop(dispute::turn(world, *id, turn));
            }
        }
        Command::Wait(hours) => {
            let end = world.now() + SignedDuration::from_hours(hours);
            while let Some(due) = world.next_date().filter(|due| *due <= end) {
                let wall = world.now();
                world.move_to(due, wall);
                while world.work() {}
            }
        }
    }
    while world.work() || world.work_quietly() {}
}

/// What an order shows adds up, and so do its payments and refunds.
fn look(world: &World, id: Id<Order>) -> Result<(), TestCaseError> {
    let row = world.orders.get(id).unwrap();
    let shown = order::render(world, row).value();
    let of = |name: &str| shown[name].as_i64().unwrap();
    let items = shown["items"].as_array().unwrap().iter();
    let items: i64 = items.map(|item| item["amount"].as_i64().unwrap()).sum();
    prop_assert_eq!(items, of("subtotal_amount"));
    prop_assert_eq!(of("net_amount") + of("tax_amount"), of("total_amount"));
    let paid: i64 = world
        .payments
        .of(id)
        .filter(|payment| payment.status == PaymentStatus::Succeeded)
        .map(|payment| payment.amount)
        .sum();
    prop_assert_eq!(paid, of("due_amount"));
    let sum = |status| {
        let rows = world.refunds.of(id).filter(move |row| row.status == status);
        rows.fold((0, 0), |(net, tax), row| (net + row.amount, tax + row.tax))
    };
    let given = sum(RefundStatus::Succeeded);
    prop_assert_eq!(given, (of("refunded_amount"), of("refunded_tax_amount")));
    let coming = sum(RefundStatus::Pending);
    prop_assert!(given.0 + coming.0 <= of("net_amount"), "{shown}");
    prop_assert!(given.1 <= of("tax_amount"), "{shown}");
    prop_assert!(of("refundable_amount") >= 0 && of("refundable_tax_amount") >= 0);
    let status = match given.0 {
        0 => "paid",
        all if all == of("net_amount") => "refunded",
        _ => "partially_refunded",
    };
    prop_assert_eq!(&shown["status"], status);
    let alike = |currency: &String| *currency == row.currency;
    prop_assert!(world.payments.of(id).all(|row| alike(&row.currency)));
    prop_assert!(world.refunds.of(id).all(|row| alike(&row.currency)));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn money_adds_up_whatever_is_sold_given_back_and_disputed(
        commands in prop::collection::vec(command(), 1..30),
    ) {
        let now = "2026-01-31T10:00:00Z".parse().unwrap();
        let mut world = seed::world(7, now, "http://localhost".to_owned());
        sell(&mut world, 2417, "DE", CARDS[0], "inclusive");
        for command in commands {
            act(&mut world, command);
            let ids: Vec<_> = world.orders.iter().map(|row| row.id).collect();
            for id in ids {
                look(&world, id)?;
            }
        }
    }
}
