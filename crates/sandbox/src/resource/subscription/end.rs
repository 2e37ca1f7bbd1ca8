//! The end of a subscription: at once, or at the end of its period.

use super::{Subscription, SubscriptionStatus, announce};
use crate::resource::order;
use crate::world::{Id, Job, World};

/// Ends it at this moment. What is unpaid becomes void, what was granted is taken back.
pub(crate) fn end_now(world: &mut World, id: Id<Subscription>) {
    let now = world.stamp();
    let Some(row) = world.subscriptions.find_mut(id) else {
        return;
    };
    if !row.is_alive() {
        return;
    }
    row.status = SubscriptionStatus::Canceled;
    row.canceled_at = Some(now);
    row.ends_at = Some(now);
    row.ended_at = Some(now);
    finish(world, id);
}

/// Ends it because the period it was cancelled for is over.
pub(super) fn end_of_period(world: &mut World, id: Id<Subscription>) {
    let now = world.stamp();
    let Some(row) = world.subscriptions.find_mut(id) else {
        return;
    };
    row.status = SubscriptionStatus::Canceled;
    row.ended_at = Some(now);
    row.ends_at = row.ends_at.or(Some(now));
    finish(world, id);
}

fn finish(world: &mut World, id: Id<Subscription>) {
    announce::touch(world, id);
    world.agenda.cancel(&Job::CycleSubscription(id));
    world.agenda.cancel(&Job::ResumeSubscription(id));
    announce::record(world, id, "revoked");
    announce(world, id, &["updated", "canceled", "revoked"]);
    let unpaid = order::pending_of(world, id);
    for order in unpaid {
        world.agenda.soon(Job::VoidOrder(order));
    }
    announce::sync_grants(world, id);
}
