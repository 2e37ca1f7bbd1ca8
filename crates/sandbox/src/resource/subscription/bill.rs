//! The bill of a renewed subscription.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Subscription, announce};
use crate::resource::order::{self, BillingReason, NewOrder, OrderItem, OrderStatus};
use crate::resource::payment::Trigger;
use crate::resource::subscription_meter;
use crate::world::{Id, Job, World};

/// Writes the bill for the period that has begun, and has it charged.
pub(crate) fn run(world: &mut World, id: Id<Subscription>) {
    let Some(row) = world.subscriptions.find(id).cloned() else {
        return;
    };
    if !row.is_billable() {
        return;
    }
    let name = world
        .products
        .find(row.product)
        .map(|product| product.name.clone());
    let label = format!(
        "{} — {}",
        name.unwrap_or_default(),
        span(row.period_start, row.period_end)
    );
    let priced: Vec<_> = row
        .static_prices(world)
        .into_iter()
        .map(|price| (price.id, price.upfront(row.chosen_amount, row.seats)))
        .collect();
    let mut items: Vec<OrderItem> = priced
        .into_iter()
        .map(|(price, amount)| order::item(world, label.clone(), amount, false, Some(price)))
        .collect();
    items.extend(row.pending_items.iter().cloned());
    if let Some(row) = world.subscriptions.find_mut(id) {
        row.pending_items.clear();
    }
    let Some(order) = write(world, id, BillingReason::SubscriptionCycle, items) else {
        return;
    };
    order::announce(world, order, &["created"]);
    if order::settle_from_balance(world, order) {
        order::mark_paid(world, order, false);
        paid(world, id);
    } else {
        let trigger = Trigger::SubscriptionCycle;
        world.agenda.soon(Job::ChargeOrder { order, trigger });
    }
}

/// Adds a pending order of these lines; the discount lowers everything but prorations.
pub(super) fn write(
    world: &mut World,
    id: Id<Subscription>,
    reason: BillingReason,
    items: Vec<OrderItem>,
) -> Option<Id<order::Order>> {
    let row = world.subscriptions.find(id)?.clone();
    let base = items
        .iter()
        .filter(|item| !item.proration)
        .map(|item| item.amount)
        .fold(0, i64::saturating_add);
    let discount_amount = row.discount_on(world, base, row.period_start);
    let discount = row.discount.filter(|_| base > 0);
    if discount.is_some()
        && let Some(row) = world.subscriptions.find_mut(id)
    {
        row.discount_since.get_or_insert(row.period_start);
    }
    order::add(
        world,
        NewOrder {
            organization: row.organization,
            customer: row.customer,
            status: OrderStatus::Pending,
            reason,
            currency: row.currency,
            items,
            discount,
            discount_amount,
            product: Some(row.product),
            subscription: Some(id),
            checkout: None,
            seats: row.seats,
            metadata: row.metadata,
            custom_field_data: row.custom_field_data,
        },
    )
}

/// An order of the subscription was paid: its grants go on.
pub(crate) fn paid(world: &mut World, id: Id<Subscription>) {
    world.agenda.soon(Job::CycleGrants(id));
    if let Some(row) = world.subscriptions.find(id) {
        let customer = row.customer;
        world.agenda.when_quiet(Job::CustomerStateChanged(customer));
    }
}

/// Puts what was used in the ending period on the next bill.
pub(super) fn note_usage(world: &mut World, id: Id<Subscription>) {
    let used: Vec<_> = subscription_meter::charges(world, id)
        .into_iter()
        .filter(|charge| !charge.is_unused())
        .collect();
    for charge in used {
        let item = order::item(
            world,
            charge.label,
            charge.amount,
            false,
            Some(charge.price),
        );
        if let Some(row) = world.subscriptions.find_mut(id) {
            row.pending_items.push(item);
        }
    }
}

/// The last bill of a subscription that ends: usage only, and none without usage.
pub(super) fn last_usage(world: &mut World, id: Id<Subscription>) {
    note_usage(world, id);
    let Some(row) = world.subscriptions.find_mut(id) else {
        return;
    };
    let items = std::mem::take(&mut row.pending_items);
    if items.iter().all(|item| item.amount == 0) {
        return;
    }
    let Some(order) = write(world, id, BillingReason::SubscriptionCycle, items) else {
        return;
    };
    order::announce(world, order, &["created"]);
    if order::settle_from_balance(world, order) {
        order::mark_paid(world, order, false);
    } else {
        order::charge(world, order, Trigger::SubscriptionCycle);
    }
    announce::touch(world, id);
}

/// `From Nov 23, 2026 to Dec 23, 2026`
pub(super) fn span(start: Timestamp, end: Timestamp) -> String {
    let day = |moment: Timestamp| {
        let zoned = moment.to_zoned(TimeZone::UTC);
        zoned.strftime("%b %-d, %Y").to_string()
    };
    format!("From {} to {}", day(start), day(end))
}
