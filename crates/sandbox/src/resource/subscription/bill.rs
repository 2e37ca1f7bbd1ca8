//! The bills of a subscription: for a period, for a change, for the last usage.

use super::Subscription;
use super::label::{price_label, span};
use super::preview::Sums;
use super::proration::Line;
use crate::billing;
use crate::failure::Failure;
use crate::resource::discount::{Discount, Worth};
use crate::resource::order::{self, BillingReason, NewOrder, OrderItem, OrderStatus};
use crate::resource::payment::Trigger;
use crate::resource::payment_method::Outcome;
use crate::resource::price::Price;
use crate::resource::subscription_meter;
use crate::world::{Id, Job, World};

/// Writes the bill for the period that has begun, or for what was left when it ended, and has it charged.
/// Where there is nothing to write on it, there is none.
pub(crate) fn run(world: &mut World, id: Id<Subscription>) {
    let Some(row) = world.subscriptions.find(id).cloned() else {
        return;
    };
    let mut items = if row.is_alive() {
        period_items(world, &row)
    } else {
        Vec::new()
    };
    items.extend(take_waiting(world, id));
    let reason = if row.is_alive() {
        BillingReason::SubscriptionCycle
    } else {
        BillingReason::SubscriptionEnd
    };
    if !items.is_empty() {
        bill(world, id, reason, items);
    }
}

/// Bills what a change cost, with what waits already; usage waits for the period's end.
pub(super) fn invoice(world: &mut World, id: Id<Subscription>) {
    let items = take_waiting(world, id);
    bill(world, id, BillingReason::SubscriptionUpdate, items);
}

/// Bills what was used since the last time, and nothing else, where usage is billed by itself.
pub(super) fn usage(world: &mut World, id: Id<Subscription>) {
    let items = usage_items(world, id, None);
    if !items.is_empty() {
        bill(world, id, BillingReason::SubscriptionMeterCycle, items);
    }
}

/// One line for each price of the period that has begun.
fn period_items(world: &mut World, row: &Subscription) -> Vec<OrderItem> {
    let priced: Vec<_> = row
        .static_prices(world)
        .into_iter()
        .map(|price| (price.id, price.costs(row.quantity())))
        .collect();
    let period = span(row.period_start, row.period_end);
    priced
        .into_iter()
        .map(|(price, amount)| {
            let label = price_label(world, row.product, price, row.quantity());
            order::item(
                world,
                format!("{label} — {period}"),
                amount,
                false,
                Some(price),
            )
        })
        .collect()
}

fn take_waiting(world: &mut World, id: Id<Subscription>) -> Vec<OrderItem> {
    world
        .subscriptions
        .find_mut(id)
        .map(|row| std::mem::take(&mut row.pending_items))
        .unwrap_or_default()
}

/// Adds a pending order of these lines; one that comes to nothing is paid, others are charged from the
/// background.
fn bill(world: &mut World, id: Id<Subscription>, reason: BillingReason, items: Vec<OrderItem>) {
    let Some(order) = write(world, id, reason, items) else {
        return;
    };
    order::announce(world, order, &["created"]);
    if order::settle_from_balance(world, order) {
        order::mark_paid(world, order, false);
    } else {
        let trigger = Trigger::SubscriptionCycle;
        world.agenda.soon(Job::ChargeOrder { order, trigger });
    }
}

/// The discount lowers everything but prorations: those had theirs taken off already.
fn write(
    world: &mut World,
    id: Id<Subscription>,
    reason: BillingReason,
    items: Vec<OrderItem>,
) -> Option<Id<order::Order>> {
    let mut row = world.subscriptions.find(id)?.clone();
    if reason == BillingReason::SubscriptionMeterCycle {
        row.discount = row.discount.filter(|id| is_percentage(world, *id));
    }
    let base = items
        .iter()
        .filter(|item| !item.proration)
        .map(|item| item.amount)
        .fold(0, i64::saturating_add);
    order::add(
        world,
        NewOrder {
            organization: row.organization,
            customer: row.customer,
            status: OrderStatus::Pending,
            reason,
            discount_amount: row.discount_on(world, base),
            currency: row.currency,
            items,
            discount: row.discount,
            product: Some(row.product),
            subscription: Some(id),
            checkout: None,
            // Only an order that comes from a checkout says how many.
            seats: None,
            units: None,
            metadata: row.metadata,
            custom_field_data: row.custom_field_data,
        },
    )
}

/// So much off is taken off once in a period; a part of everything can be taken off each bill.
fn is_percentage(world: &World, discount: Id<Discount>) -> bool {
    let row = world.discounts.find(discount);
    row.is_some_and(|row| matches!(row.worth, Worth::Percentage { .. }))
}

/// Refuses a change whose bill could not be charged: the lines that wait, and those it adds.
pub(super) fn refuse_unpayable(
    world: &World,
    row: &Subscription,
    lines: &[Line],
) -> Result<(), Failure> {
    let waiting = row.pending_items.iter().map(|item| item.amount);
    let amount = waiting
        .chain(lines.iter().map(|line| line.amount))
        .fold(0, i64::saturating_add);
    let due = Sums::of(world, row, amount, 0)?.due();
    let refuse = |reason: &str| {
        let detail = format!("Payment failed with reason: {reason}.");
        Err(Failure::named(402, "PaymentFailed", detail))
    };
    match row.card(world) {
        _ if due <= 0 => Ok(()),
        None => refuse("missing_payment_method"),
        Some(_) if due < billing::minimum(&row.currency) => Ok(()),
        Some(method) if method.card.later != Outcome::Succeeds => refuse("card_error"),
        Some(_) => Ok(()),
    }
}

/// Notes what was used in the ending period for its bill, and begins to count anew. `prices` are those of
/// that period when they may have changed: sums and counts are billed at the price they were made at.
pub(super) fn settle_usage(world: &mut World, id: Id<Subscription>, prices: Option<&[Id<Price>]>) {
    let items = usage_items(world, id, prices);
    if let Some(row) = world.subscriptions.find_mut(id) {
        row.pending_items.extend(items);
    }
    subscription_meter::restart(world, id);
}

fn usage_items(
    world: &mut World,
    id: Id<Subscription>,
    prices: Option<&[Id<Price>]>,
) -> Vec<OrderItem> {
    let known = |price| prices.is_none_or(|prices| prices.contains(&price));
    let used: Vec<_> = subscription_meter::charges(world, id)
        .into_iter()
        .filter(|charge| !charge.is_unused())
        .filter(|charge| {
            let meter = world.meters.find(charge.meter);
            known(charge.price) || meter.is_some_and(|meter| !meter.aggregation.is_summable())
        })
        .collect();
    used.into_iter()
        .map(|charge| {
            let price = Some(charge.price);
            order::item(world, charge.label, charge.amount, false, price)
        })
        .collect()
}
