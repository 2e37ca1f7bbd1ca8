//! From confirmed to succeeded: the payment, the subscription, the order, and what follows.

use super::watch::{News, tell};
use super::{Checkout, CheckoutStatus, announce};
use crate::resource::customer;
use crate::resource::grant::GrantScope;
use crate::resource::order::{self, BillingReason, NewOrder, Order, OrderItem, OrderStatus};
use crate::resource::payment::{self, Attempt};
use crate::resource::payment_method::{self, Outcome};
use crate::resource::seat;
use crate::resource::subscription::{self, NewSubscription, Subscription};
use crate::world::{Id, Job, World};

/// Completes a confirmed session; anything else is left alone.
pub(crate) fn run(world: &mut World, id: Id<Checkout>) {
    let Some(checkout) = world.checkouts.find(id).cloned() else {
        return;
    };
    if checkout.status != CheckoutStatus::Confirmed {
        return;
    }
    let charged = checkout
        .card
        .as_ref()
        .filter(|_| checkout.needs(world).payment);
    let payment = charged.map(|card| {
        let attempt = Attempt::for_checkout(&checkout, card);
        payment::add(world, attempt, Outcome::Succeeds)
    });
    let subscription = subscribe(world, &checkout);
    if subscription.is_some() {
        tell(world, id, News::SubscriptionCreated);
    }
    let order = write_order(world, &checkout, subscription);
    if let (Some(payment), Some(order)) = (payment, order) {
        if let Some(row) = world.payments.find_mut(payment) {
            row.order = Some(order);
        }
        order::give_receipt(world, order);
    }
    if let Some(order) = order {
        order::record(world, order, "paid");
        order::announce(world, order, &["created", "updated", "paid"]);
        tell(world, id, News::OrderCreated);
    }
    succeed(world, id, subscription, order);
    follow(world, &checkout, subscription, order);
    if let (Some(_), Some(order)) = (payment, order) {
        world.agenda.soon(Job::BookFee(order));
    }
}

fn succeed(
    world: &mut World,
    id: Id<Checkout>,
    subscription: Option<Id<Subscription>>,
    order: Option<Id<Order>>,
) {
    let now = world.stamp();
    if let Some(row) = world.checkouts.find_mut(id) {
        row.status = CheckoutStatus::Succeeded;
        row.subscription = subscription;
        row.order = order;
        row.intent_status = Some("succeeded".to_owned());
        row.modified_at = Some(now);
    }
    announce::announce(world, id, "updated");
}

/// Lets grants, seats and the customer's state follow.
fn follow(
    world: &mut World,
    checkout: &Checkout,
    subscription: Option<Id<Subscription>>,
    order: Option<Id<Order>>,
) {
    let Some(customer) = checkout.customer else {
        return;
    };
    let scope = match (subscription, order) {
        (Some(id), _) => Some(GrantScope::Subscription(id)),
        (None, Some(id)) => Some(GrantScope::Order(id)),
        (None, None) => None,
    };
    if checkout.seats.is_some() {
        customer::become_team(world, customer);
    }
    if let Some(scope) = scope {
        let by_seat = checkout
            .price(world)
            .is_some_and(|price| price.tiers().is_some());
        if by_seat && checkout.success_url.is_none() {
            seat::claim_for_buyer(world, scope);
        }
        world.agenda.soon(Job::SyncGrants(scope));
    }
    world.agenda.when_quiet(Job::CustomerStateChanged(customer));
}

/// Begins the subscription of a recurring product, or upgrades the free one the buyer has.
fn subscribe(world: &mut World, checkout: &Checkout) -> Option<Id<Subscription>> {
    let product = checkout.product_row(world)?.clone();
    let cycle = product.cycle?;
    let customer = checkout.customer?;
    let method = checkout
        .card
        .as_ref()
        .map(|card| payment_method::store(world, customer, card));
    let prices = checkout
        .prices(world)
        .iter()
        .map(|price| price.id)
        .collect();
    if let Some(id) = checkout.upgrades {
        return upgrade(world, checkout, id, prices, method);
    }
    let new = NewSubscription {
        organization: checkout.organization,
        customer,
        product: product.id,
        prices,
        checkout: Some(checkout.id),
        payment_method: method,
        currency: checkout.currency.clone(),
        chosen_amount: checkout.chosen_amount,
        seats: checkout.seats,
        units: checkout.units,
        cycle,
        trial: checkout.active_trial(world),
        discount: checkout.discount,
        metadata: checkout.metadata.clone(),
        custom_field_data: checkout.custom_field_data.clone(),
    };
    Some(subscription::begin(world, new))
}

fn upgrade(
    world: &mut World,
    checkout: &Checkout,
    id: Id<Subscription>,
    prices: Vec<Id<crate::resource::price::Price>>,
    method: Option<Id<payment_method::PaymentMethod>>,
) -> Option<Id<Subscription>> {
    let cycle = checkout.product_row(world)?.cycle?;
    let trial = checkout.active_trial(world);
    let row = world.subscriptions.find_mut(id)?;
    row.prices = prices;
    row.product = checkout.product;
    row.checkout = Some(checkout.id);
    row.payment_method = method.or(row.payment_method);
    row.currency.clone_from(&checkout.currency);
    row.chosen_amount = checkout.chosen_amount;
    row.seats = checkout.seats;
    row.units = checkout.units;
    row.discount = checkout.discount;
    row.metadata.extend(checkout.metadata.clone());
    row.custom_field_data
        .clone_from(&checkout.custom_field_data);
    subscription::restart(world, id, cycle, trial);
    Some(id)
}

fn write_order(
    world: &mut World,
    checkout: &Checkout,
    subscription: Option<Id<Subscription>>,
) -> Option<Id<Order>> {
    let is_trial = subscription.is_some() && checkout.active_trial(world).is_some();
    let items = lines(world, checkout, subscription);
    let reason = match (subscription, checkout.upgrades) {
        (None, _) => BillingReason::Purchase,
        (Some(_), None) => BillingReason::SubscriptionCreate,
        (Some(_), Some(_)) => BillingReason::SubscriptionUpdate,
    };
    let new = NewOrder {
        organization: checkout.organization,
        customer: checkout.customer?,
        status: OrderStatus::Paid,
        reason,
        currency: checkout.currency.clone(),
        items,
        discount: checkout.discount.filter(|_| !is_trial),
        discount_amount: if is_trial { 0 } else { checkout.bill.discount },
        product: Some(checkout.product),
        subscription,
        checkout: Some(checkout.id),
        seats: checkout.seats.filter(|_| !is_trial),
        units: checkout.units.filter(|_| !is_trial),
        metadata: checkout.metadata.clone(),
        custom_field_data: checkout.custom_field_data.clone(),
    };
    order::add(world, new)
}

/// One line for each price that is paid up front; a single free one for a trial.
fn lines(
    world: &mut World,
    checkout: &Checkout,
    subscription: Option<Id<Subscription>>,
) -> Vec<OrderItem> {
    let begun = subscription.and_then(|id| world.subscriptions.find(id));
    let trial = begun.and_then(|row| row.trial_start.zip(row.trial_end));
    let product = checkout.product_row(world);
    let name = product.map(|row| row.name.clone()).unwrap_or_default();
    if let Some((start, end)) = trial {
        let label = subscription::trial_label(&name, start, end);
        return vec![order::item(world, label, 0, false, None)];
    }
    let quantity = checkout.quantity();
    let prices = checkout.prices(world).into_iter();
    let priced: Vec<_> = prices
        .filter(|price| price.is_static())
        .map(|price| {
            (
                price.id,
                price.label(&name, quantity),
                price.costs(quantity),
            )
        })
        .collect();
    priced
        .into_iter()
        .map(|(id, label, amount)| order::item(world, label, amount, false, Some(id)))
        .collect()
}
