//! From unpaid to paid: balance, charge, receipt, fee; or void.

use super::{BillingReason, Order, OrderStatus, announce, dunning};
use crate::billing;
use crate::resource::organization;
use crate::resource::payment::{self, Attempt, Trigger};
use crate::resource::payment_method::{Card, Outcome};
use crate::world::{Id, Job, World};

/// What became of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charged {
    /// Paid, now or before.
    Paid,
    /// The bank said no.
    Refused,
    /// There is no card, nothing to charge it for any more, or nobody who may.
    Impossible,
}

/// What of a customer's balance goes into a bill of `total`: credit lowers it (negative), debt is paid
/// with it (positive). A bill that gives money back pays debt with it.
pub(crate) fn applied_balance(total: i64, balance: i64) -> i64 {
    if total >= 0 {
        -total.min(balance)
    } else {
        (-total).min(-balance).max(0)
    }
}

/// Uses the customer's balance for a fresh order; what a bill gives back becomes credit. Gives true when
/// nothing is left to pay.
pub(crate) fn settle_from_balance(world: &mut World, id: Id<Order>) -> bool {
    let Some(order) = world.orders.find(id) else {
        return false;
    };
    let (customer, currency, total) =
        (order.customer, order.currency.clone(), order.total_amount());
    let Some(customer) = world.customers.find_mut(customer) else {
        return false;
    };
    let balance = customer.balances.entry(currency).or_default();
    let applied = applied_balance(total, *balance);
    *balance += if total < 0 { -total } else { applied };
    if let Some(order) = world.orders.find_mut(id) {
        order.applied_balance = applied;
    }
    total + applied <= 0
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
    } else {
        carry_grants_on(world, id);
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

/// Charges the subscription's card for a pending order, or its customer's. Without any it waits for one,
/// as if the charge had failed.
pub(crate) fn charge(world: &mut World, id: Id<Order>, trigger: Trigger) -> Charged {
    let Some(order) = world.orders.find(id).filter(|order| !order.is_paid()) else {
        return Charged::Paid;
    };
    if !organization::capabilities(world, order.organization).subscription_renewals {
        return Charged::Impossible;
    }
    let subscription = order.subscription;
    let card = subscription
        .and_then(|id| world.subscriptions.find(id))
        .and_then(|row| row.card(world))
        .map(|method| method.card.clone());
    let Some(card) = card else {
        dunning::without_card(world, id);
        return Charged::Impossible;
    };
    if is_too_small(order) {
        return remember_as_debt(world, id);
    }
    charge_card(world, id, &card, card.later, trigger)
}

pub(super) fn is_too_small(order: &Order) -> bool {
    order.due_amount() < billing::minimum(&order.currency)
}

/// Not worth a charge: the order is paid, and the customer owes it from now on.
pub(super) fn remember_as_debt(world: &mut World, id: Id<Order>) -> Charged {
    let Some(order) = world.orders.find(id) else {
        return Charged::Impossible;
    };
    let (due, currency) = (order.due_amount(), order.currency.clone());
    if let Some(customer) = world.customers.find_mut(order.customer) {
        *customer.balances.entry(currency).or_default() -= due;
    }
    mark_paid(world, id, false);
    Charged::Paid
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
    let attempt = Attempt::for_order(world, order, card, Some(trigger));
    payment::add(world, attempt, outcome);
    if outcome == Outcome::Succeeds {
        carry_grants_on(world, id);
        dunning::recovered(world, id);
        mark_paid(world, id, true);
        return Charged::Paid;
    }
    if matches!(
        trigger,
        Trigger::SubscriptionCycle | Trigger::RetryDunning | Trigger::Purchase
    ) {
        dunning::failed(world, id, Some(outcome));
    }
    Charged::Refused
}

/// A paid renewal carries into the next period what is granted by then. Grants that were taken back
/// meanwhile come back by themselves.
fn carry_grants_on(world: &mut World, id: Id<Order>) {
    let order = world.orders.find(id);
    let renewal = order.filter(|order| order.reason == BillingReason::SubscriptionCycle);
    if let Some(subscription) = renewal.and_then(|order| order.subscription) {
        world.agenda.soon(Job::CycleGrants(subscription));
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

/// Takes up to `amount` of the customer's credit: what a refund has given back is not given twice.
pub(crate) fn spend_credit(world: &mut World, id: Id<Order>, amount: i64) {
    let Some(order) = world.orders.find(id) else {
        return;
    };
    let currency = order.currency.clone();
    if let Some(customer) = world.customers.find_mut(order.customer) {
        let balance = customer.balances.entry(currency).or_default();
        *balance -= amount.min((*balance).max(0));
    }
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
    give_balance_back(world, id);
    announce::touch(world, id);
    announce::record(world, id, "voided");
    announce(world, id, &["updated"]);
}

/// A void order takes nothing: credit that covers what is still due goes with it, credit it used comes back.
fn give_balance_back(world: &mut World, id: Id<Order>) {
    let Some(order) = world.orders.find(id) else {
        return;
    };
    let (due, applied) = (order.due_amount(), order.applied_balance);
    let (customer, currency) = (order.customer, order.currency.clone());
    spend_credit(world, id, due);
    if let Some(customer) = world.customers.find_mut(customer) {
        *customer.balances.entry(currency).or_default() += (-applied).max(0);
    }
}
