//! A subscription whose bill is unpaid, and its recovery.

use super::{Subscription, SubscriptionStatus, announce};
use crate::resource::customer::Customer;
use crate::resource::order;
use crate::resource::payment::Trigger;
use crate::resource::payment_method::PaymentMethod;
use crate::world::{Id, Job, World};

/// A charge failed: the subscription waits for money, without its benefits.
pub(crate) fn fall_past_due(world: &mut World, id: Id<Subscription>) {
    let now = world.stamp();
    let Some(row) = world.subscriptions.find_mut(id) else {
        return;
    };
    if row.status != SubscriptionStatus::Active {
        // Another attempt failed: the seller's patience may be at its end.
        announce::sync_grants(world, id);
        return;
    }
    row.status = SubscriptionStatus::PastDue;
    row.past_due_at = Some(now);
    row.modified_at = Some(now);
    announce::record(world, id, "past_due");
    announce(world, id, &["updated", "past_due"]);
    announce::sync_grants(world, id);
}

/// Nothing is unpaid any more: the subscription is active again.
pub(crate) fn recover(world: &mut World, id: Id<Subscription>) {
    let now = world.stamp();
    let Some(row) = world.subscriptions.find_mut(id) else {
        return;
    };
    if row.status != SubscriptionStatus::PastDue {
        return;
    }
    row.status = SubscriptionStatus::Active;
    row.past_due_at = None;
    row.modified_at = Some(now);
    announce::record(world, id, "reactivated");
    announce(world, id, &["updated", "active"]);
    announce::sync_grants(world, id);
}

/// The customer has a new card: subscriptions use it from here on, and what is unpaid is tried at once.
pub(crate) fn use_card(world: &mut World, customer: Id<Customer>, method: Id<PaymentMethod>) {
    let mut unpaid = Vec::new();
    let alive = world
        .subscriptions
        .of(customer)
        .filter(|row| row.is_alive());
    let subscriptions: Vec<_> = alive.map(|row| row.id).collect();
    for subscription in subscriptions {
        if let Some(row) = world.subscriptions.find_mut(subscription) {
            row.payment_method = Some(method);
        }
        unpaid.extend(order::pending_of(world, subscription));
    }
    for order in unpaid {
        let trigger = Trigger::RetryPaymentMethodUpdate;
        world.agenda.soon(Job::ChargeOrder { order, trigger });
    }
}
