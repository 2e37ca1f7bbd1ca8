//! The end of a period: renewal, conversion of a trial, pause or end.

use super::{Subscription, SubscriptionStatus, announce, begin, bill, change, end, pause};
use crate::resource::subscription_meter;
use crate::world::{Id, Job, World};

/// The current period of the subscription is over.
pub(crate) fn run(world: &mut World, id: Id<Subscription>) {
    let Some(row) = world.subscriptions.find(id) else {
        return;
    };
    if !row.is_billable() {
        return;
    }
    if row.cancel_at_period_end {
        bill::last_usage(world, id);
        end::end_of_period(world, id);
    } else if row.pause_at_period_end {
        pause::take_effect(world, id);
    } else {
        renew(world, id);
    }
}

/// Begins the next period and asks for its bill.
pub(super) fn renew(world: &mut World, id: Id<Subscription>) {
    bill::note_usage(world, id);
    let now = world.stamp();
    let Some(row) = world.subscriptions.find_mut(id) else {
        return;
    };
    let converted = row.status == SubscriptionStatus::Trialing;
    if converted {
        row.status = SubscriptionStatus::Active;
        row.anchor_day = crate::billing::anchor_day(row.period_end);
    }
    row.period_start = row.period_end;
    row.period_end = row.cycle.after(row.period_start, row.anchor_day);
    row.modified_at = Some(now);
    change::apply_pending(world, id);
    drop_spent_discount(world, id);
    subscription_meter::restart(world, id);
    begin::plan_cycle(world, id);
    announce::record(world, id, "cycled");
    announce(world, id, &["cycled", "updated"]);
    world.agenda.soon(Job::BillSubscription(id));
}

/// A discount that has run its time leaves the subscription.
fn drop_spent_discount(world: &mut World, id: Id<Subscription>) {
    let Some(row) = world.subscriptions.find(id) else {
        return;
    };
    let discount = row.discount.and_then(|id| world.discounts.find(id));
    let spent =
        discount.is_some_and(|discount| !discount.lasts(row.discount_since, row.period_start));
    if let (true, Some(row)) = (spent, world.subscriptions.find_mut(id)) {
        row.discount = None;
        row.discount_since = None;
    }
}
