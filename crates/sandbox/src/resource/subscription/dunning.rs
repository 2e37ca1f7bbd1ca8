//! A subscription whose bill is unpaid, and its recovery.

use jiff::{SignedDuration, Timestamp};

use super::announce::{self, Standing};
use super::state::Step;
use super::{Subscription, SubscriptionStatus, metering};
use crate::resource::customer::Customer;
use crate::resource::order;
use crate::resource::payment::Trigger;
use crate::resource::payment_method::PaymentMethod;
use crate::world::{Id, Job, World};

/// How long the seller waits for money: three weeks and a minute.
const PATIENCE: SignedDuration = SignedDuration::from_mins(21 * 24 * 60 + 1);

impl Subscription {
    /// When waiting for money ends; nothing while none is owed.
    pub(crate) fn past_due_deadline(&self) -> Option<Timestamp> {
        self.past_due_at?.checked_add(PATIENCE).ok()
    }
}

/// A bill could not be charged for the first time: the subscription waits for money, without its benefits.
/// Nothing happens to one that has ended.
pub(crate) fn fall_past_due(world: &mut World, id: Id<Subscription>) {
    let now = world.stamp();
    let Some(row) = world.subscriptions.find_mut(id) else {
        return;
    };
    if row.ended_at.is_some() {
        return;
    }
    let before = Standing::of(row);
    if row.step(Step::FallPastDue) {
        row.past_due_at.get_or_insert(now);
    }
    announce::changed(world, id, before);
    announce::sync_grants(world, id);
}

/// Another attempt failed: the days during which benefits are kept may be over.
pub(crate) fn look_at_grants(world: &mut World, id: Id<Subscription>) {
    announce::sync_grants(world, id);
}

/// Nothing is unpaid any more: the subscription is active again.
pub(crate) fn recover(world: &mut World, id: Id<Subscription>) {
    let Some(row) = world.subscriptions.find_mut(id) else {
        return;
    };
    let before = Standing::of(row);
    if !row.step(Step::Recover) {
        return;
    }
    row.past_due_at = None;
    metering::thaw(world, id);
    announce::changed(world, id, before);
    announce::sync_grants(world, id);
}

/// The customer has a new default card: what is unpaid is tried with it at once, as long as the seller waits.
pub(crate) fn use_card(world: &mut World, customer: Id<Customer>, method: Id<PaymentMethod>) {
    let now = world.now();
    let waiting: Vec<_> = world
        .subscriptions
        .of(customer)
        .filter(|row| row.status == SubscriptionStatus::PastDue)
        .filter(|row| row.canceled_at.is_none())
        .filter(|row| row.past_due_deadline().is_some_and(|end| now < end))
        .map(|row| row.id)
        .collect();
    for id in waiting {
        for order in order::pending_of(world, id) {
            if let Some(row) = world.subscriptions.find_mut(id) {
                row.payment_method = Some(method);
            }
            let trigger = Trigger::RetryPaymentMethodUpdate;
            world.agenda.soon(Job::ChargeOrder { order, trigger });
        }
    }
}
