//! The end of a period: renewal, conversion of a trial, pause or end.

use jiff::Timestamp;

use super::announce::{self, Standing};
use super::state::Step;
use super::{Subscription, SubscriptionStatus, begin, bill, end, metering, pause, pending};
use crate::billing::anchor_day;
use crate::resource::organization::{self, Organization};
use crate::world::{Id, Job, World};

/// The current period of the subscription is over, or that of its meters.
pub(crate) fn run(world: &mut World, id: Id<Subscription>) {
    let Some(row) = world.subscriptions.find(id) else {
        return;
    };
    if !row.is_billable() || !renews(world, row.organization) {
        return;
    }
    if row.period_end > world.now() {
        metering::turn(world, id);
        return;
    }
    let before = Standing::of(row);
    turn(world, id);
    announce::changed(world, id, before);
    if world
        .subscriptions
        .find(id)
        .is_some_and(|row| !row.is_alive())
    {
        end::follow(world, id);
    }
}

/// Polar lets this organization's subscriptions go on.
pub(super) fn renews(world: &World, organization: Id<Organization>) -> bool {
    organization::capabilities(world, organization).subscription_renewals
}

/// Does what fell due while it was not allowed.
pub(crate) fn catch_up(world: &mut World, organization: Id<Organization>) {
    let now = world.now();
    let due: Vec<_> = world
        .subscriptions
        .of(organization)
        .filter_map(|row| match row.resumes_at {
            Some(then) if row.status == SubscriptionStatus::Paused => {
                (then <= now).then_some(Job::ResumeSubscription(row.id))
            }
            _ if row.is_billable() => {
                (row.next_end() <= now).then_some(Job::CycleSubscription(row.id))
            }
            _ => None,
        })
        .collect();
    for job in due {
        world.agenda.soon(job);
    }
}

/// Does what the end of the period asks for, before anybody is told that the subscription changed. A
/// cancellation goes before a pause.
pub(super) fn turn(world: &mut World, id: Id<Subscription>) {
    let Some(row) = world.subscriptions.find(id) else {
        return;
    };
    if row.cancel_at_period_end {
        end_of_period(world, id);
    } else if row.pause_at_period_end {
        pause::take_effect(world, id);
    } else {
        renew(world, id);
    }
}

/// It ends as planned; what was used is billed once more.
fn end_of_period(world: &mut World, id: Id<Subscription>) {
    let now = world.stamp();
    let Some(row) = world.subscriptions.find_mut(id) else {
        return;
    };
    if !row.step(Step::End) {
        return;
    }
    row.ended_at = Some(now);
    announce::empty_seats(world, id);
    bill::settle_usage(world, id, None);
    world.agenda.soon(Job::BillSubscription(id));
}

/// Begins the next period and asks for its bill.
fn renew(world: &mut World, id: Id<Subscription>) {
    let prices = world
        .subscriptions
        .find(id)
        .map(|row| row.prices.clone())
        .unwrap_or_default();
    let moved = pending::apply(world, id);
    let Some(row) = world.subscriptions.find_mut(id) else {
        return;
    };
    let converted = row.step(Step::EndTrial);
    if !moved {
        if converted {
            row.anchor_day = anchor_day(row.period_end);
        }
        row.period_start = row.period_end;
        row.period_end = row.cycle.after(row.period_start, row.anchor_day);
    }
    row.start_metering(Some(row.period_start));
    let start = row.period_start;
    drop_spent_discount(world, id, start);
    bill::settle_usage(world, id, Some(&prices));
    begin::plan_cycle(world, id);
    announce::touch(world, id);
    announce::record(world, id, "cycled");
    announce::announce(world, id, &["cycled"]);
    world.agenda.soon(Job::BillSubscription(id));
}

/// A discount counts from the first period it lowers; one that has run its time by `start`, when another
/// begins, leaves the subscription.
pub(super) fn drop_spent_discount(world: &mut World, id: Id<Subscription>, start: Timestamp) {
    let Some(row) = world.subscriptions.find_mut(id) else {
        return;
    };
    let Some(discount) = row.discount else {
        return;
    };
    let since = *row.discount_since.get_or_insert(row.period_start);
    let lasts = world
        .discounts
        .find(discount)
        .is_some_and(|discount| discount.lasts(since, start));
    if !lasts {
        row.discount = None;
        row.discount_since = None;
    }
}
