//! Proration: what the rest of a period is worth, given back at the old price and charged at the new.

use jiff::Timestamp;

use super::bill::{self, span};
use super::change::{Behavior, Target};
use super::{Subscription, SubscriptionStatus};
use crate::billing::{anchor_day, share_of};
use crate::failure::Failure;
use crate::resource::order::{self, BillingReason, OrderItem};
use crate::resource::payment::Trigger;
use crate::resource::payment_method::Outcome;
use crate::world::{Id, World};

/// Charges, or notes for the next bill, the difference between the old and the new. A refused charge
/// leaves everything as it was.
pub(super) fn settle(
    world: &mut World,
    before: &Subscription,
    target: &Target,
    behavior: Behavior,
) -> Result<(), Failure> {
    let now = world.stamp();
    let new_cycle = target.cycle != before.cycle || behavior == Behavior::Reset;
    let lines = lines(world, before, target, now, behavior);
    let at_once = behavior != Behavior::Prorate || new_cycle;
    let due = lines
        .iter()
        .map(|line| line.amount)
        .fold(0, i64::saturating_add);
    if at_once && due > 0 && !can_pay(world, before) {
        let detail = "The payment of the change failed. Nothing was changed.";
        return Err(Failure::named(402, "PaymentFailed", detail));
    }
    let items: Vec<OrderItem> = lines
        .into_iter()
        .filter(|line| line.amount != 0)
        .map(|line| order::item(world, line.label, line.amount, true, line.price))
        .collect();
    if new_cycle && let Some(row) = world.subscriptions.find_mut(before.id) {
        row.cycle = target.cycle;
        row.anchor_day = anchor_day(now);
        row.period_start = now;
        row.period_end = target.cycle.from(now);
    }
    if items.is_empty() {
        return Ok(());
    }
    if at_once {
        charge(world, before.id, items);
    } else if let Some(row) = world.subscriptions.find_mut(before.id) {
        row.pending_items.extend(items);
    }
    Ok(())
}

struct Line {
    label: String,
    amount: i64,
    price: Option<Id<crate::resource::price::Price>>,
}

fn lines(
    world: &World,
    before: &Subscription,
    target: &Target,
    now: Timestamp,
    behavior: Behavior,
) -> Vec<Line> {
    let name = |product| {
        world
            .products
            .find(product)
            .map(|row| row.name.clone())
            .unwrap_or_default()
    };
    let after = Subscription {
        product: target.product,
        prices: target.prices.clone(),
        seats: target.seats,
        ..before.clone()
    };
    let price_of = |row: &Subscription| {
        let base = row.base_amount(world);
        base - row.discount_on(world, base, row.period_start)
    };
    let (rest, whole) = remaining(before, now);
    let (old, new) = (price_of(before), price_of(&after));
    let rest_of_period = span(now, before.period_end);
    if before.product == target.product {
        let amount = (i128::from(new - old) * i128::from(rest)).checked_div(i128::from(whole));
        let seats = |row: &Subscription| row.seats.unwrap_or_default();
        return vec![Line {
            label: format!(
                "{} ({} → {} seats) — {rest_of_period}",
                name(target.product),
                seats(before),
                seats(&after)
            ),
            amount: amount
                .and_then(|amount| i64::try_from(amount).ok())
                .unwrap_or_default(),
            price: target.prices.first().copied(),
        }];
    }
    let new_cycle = target.cycle != before.cycle || behavior == Behavior::Reset;
    let (debit, period) = if new_cycle {
        (new, span(now, target.cycle.from(now)))
    } else {
        (share_of(new, rest, whole), rest_of_period.clone())
    };
    let credit = if behavior == Behavior::Reset {
        0
    } else {
        share_of(old, rest, whole)
    };
    vec![
        Line {
            label: format!(
                "Remaining time on {} — {rest_of_period}",
                name(before.product)
            ),
            amount: -credit,
            price: before.prices.first().copied(),
        },
        Line {
            label: format!("{} — {period}", name(target.product)),
            amount: debit,
            price: target.prices.first().copied(),
        },
    ]
}

/// Seconds that are left of the period, and seconds it has.
fn remaining(row: &Subscription, now: Timestamp) -> (i64, i64) {
    let whole = row
        .period_end
        .duration_since(row.period_start)
        .as_secs()
        .max(1);
    let rest = row.period_end.duration_since(now).as_secs().clamp(0, whole);
    (rest, whole)
}

/// True when the subscription's card would accept a charge.
fn can_pay(world: &World, row: &Subscription) -> bool {
    row.status == SubscriptionStatus::Active
        && row
            .payment_method
            .and_then(|id| world.payment_methods.find(id))
            .is_some_and(|method| {
                method.deleted_at.is_none() && method.card.later == Outcome::Succeeds
            })
}

fn charge(world: &mut World, id: Id<Subscription>, items: Vec<OrderItem>) {
    let Some(order) = bill::write(world, id, BillingReason::SubscriptionUpdate, items) else {
        return;
    };
    order::announce(world, order, &["created"]);
    if order::settle_from_balance(world, order) {
        order::mark_paid(world, order, false);
    } else {
        order::charge(world, order, Trigger::Purchase);
    }
}
