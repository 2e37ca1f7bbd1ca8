//! From unpaid to paid: balance, charge, receipt, fee; or void.

use super::{Order, OrderStatus, announce, dunning};
use crate::billing;
use crate::resource::payment::{self, Attempt, Trigger};
use crate::resource::payment_method::{Card, Outcome};
use crate::resource::subscription;
use crate::world::{Id, Job, World};

/// What became of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charged {
    /// Paid, now or before.
    Paid,
    /// The bank said no.
    Refused,
    /// There is no card, or nothing to charge it for any more.
    Impossible,
}

/// Uses the customer's balance for a fresh order. Gives true when nothing is left to charge: then the
/// order is paid.
pub(crate) fn settle_from_balance(world: &mut World, id: Id<Order>) -> bool {
    let Some(order) = world.orders.find(id) else {
        return false;
    };
    let (customer, currency, total) =
        (order.customer, order.currency.clone(), order.total_amount());
    let Some(customer) = world.customers.find_mut(customer) else {
        return false;
    };
    let balance = customer.balances.entry(currency.clone()).or_default();
    // Credit lowers the bill, debt raises it; a negative bill is all credit.
    let mut applied = if total <= 0 {
        -total
    } else {
        (-*balance).max(-total)
    };
    let due = total + applied;
    let too_small = due > 0 && due < billing::minimum(&currency);
    if too_small {
        // Not worth a charge: it is remembered as debt instead.
        applied = -total;
    }
    *balance += applied;
    if let Some(order) = world.orders.find_mut(id) {
        order.applied_balance = applied;
    }
    due <= 0 || too_small
}

/// Marks the order paid and says so. `received` when money came.
pub(crate) fn mark_paid(world: &mut World, id: Id<Order>, received: bool) {
    let Some(order) = world.orders.find_mut(id) else {
        return;
    };
    order.status = OrderStatus::Paid;
    order.next_payment_attempt_at = None;
    if received {
        give_receipt(world, id);
    }
    announce::record(world, id, "paid");
    announce(world, id, &["updated", "paid"]);
    if received {
        world.agenda.soon(Job::BookFee(id));
    }
}

/// Gives the order its receipt's number.
pub(crate) fn give_receipt(world: &mut World, id: Id<Order>) {
    let Some(order) = world.orders.find_mut(id) else {
        return;
    };
    if let Some(customer) = world.customers.find_mut(order.customer) {
        customer.receipts += 1;
        order.receipt_number = Some(format!(
            "RCPT-{}-{:04}",
            customer.short_id, customer.receipts
        ));
    }
}

/// The background part of charging. A renewal that is paid at once carries the grants into the next period;
/// one that is paid later gave them back meanwhile, and they are granted anew.
pub(crate) fn run(world: &mut World, id: Id<Order>, trigger: Trigger) {
    let charged = charge(world, id, trigger);
    let subscription = world.orders.find(id).and_then(|order| order.subscription);
    if let (Charged::Paid, Trigger::SubscriptionCycle, Some(subscription)) =
        (charged, trigger, subscription)
    {
        subscription::paid(world, subscription);
    }
}

/// Charges the subscription's card for a pending order.
pub(crate) fn charge(world: &mut World, id: Id<Order>, trigger: Trigger) -> Charged {
    let card = world
        .orders
        .find(id)
        .and_then(|order| order.subscription)
        .and_then(|subscription| world.subscriptions.find(subscription))
        .and_then(|subscription| subscription.payment_method)
        .and_then(|method| world.payment_methods.find(method))
        .filter(|method| method.deleted_at.is_none())
        .map(|method| method.card.clone());
    if let Some(card) = card {
        return charge_card(world, id, &card, card.later, trigger);
    }
    dunning::without_card(world, id);
    Charged::Impossible
}

/// Charges this card for a pending order; `outcome` is what its bank says. What the customer or a new card
/// tries by themselves leaves the dunning schedule as it is.
pub(crate) fn charge_card(
    world: &mut World,
    id: Id<Order>,
    card: &Card,
    outcome: Outcome,
    trigger: Trigger,
) -> Charged {
    let Some(order) = world.orders.find(id) else {
        return Charged::Impossible;
    };
    if order.is_paid() {
        return Charged::Paid;
    }
    if order.status != OrderStatus::Pending {
        return Charged::Impossible;
    }
    let attempt = Attempt::for_order(world, order, card, trigger);
    let paid = outcome == Outcome::Succeeds;
    payment::add(world, attempt, outcome);
    if paid {
        dunning::recovered(world, id);
        mark_paid(world, id, true);
        Charged::Paid
    } else {
        if matches!(
            trigger,
            Trigger::SubscriptionCycle | Trigger::RetryDunning | Trigger::Purchase
        ) {
            dunning::failed(world, id);
        }
        Charged::Refused
    }
}

/// Books the seller's fee: five per cent and fifty minor units.
pub(crate) fn book_fee(world: &mut World, id: Id<Order>) {
    let Some(order) = world.orders.find_mut(id) else {
        return;
    };
    let fee = billing::basis_points_of(order.due_amount(), 500) + 50;
    order.platform_fee = Some(fee);
    announce::touch(world, id);
    announce(world, id, &["updated"]);
}

/// Gives up on an unpaid order.
pub(crate) fn void(world: &mut World, id: Id<Order>) {
    let Some(order) = world.orders.find_mut(id) else {
        return;
    };
    if order.status != OrderStatus::Pending {
        return;
    }
    order.status = OrderStatus::Void;
    order.next_payment_attempt_at = None;
    announce::touch(world, id);
    announce::record(world, id, "voided");
    announce(world, id, &["updated"]);
}
