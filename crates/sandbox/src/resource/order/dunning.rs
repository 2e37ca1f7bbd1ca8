//! Dunning: a renewal that could not be charged is tried again on days 2, 7, 14 and 21, then given up.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{BillingReason, Order, OrderStatus, announce, settle};
use crate::resource::organization::{self, Organization};
use crate::resource::payment::Trigger;
use crate::resource::payment_method::Outcome;
use crate::resource::subscription::{self, Subscription};
use crate::world::{Id, Job, World};

/// Days from one failed charge to the next attempt: they fall on days 2, 7, 14 and 21.
const PAUSES: [i64; 4] = [2, 5, 7, 7];

/// A charge failed: plan the next, or give up. `said` is the bank's answer; none when there was no card.
pub(super) fn failed(world: &mut World, id: Id<Order>, said: Option<Outcome>) {
    let Some(order) = world.orders.find_mut(id) else {
        return;
    };
    let first = order.next_payment_attempt_at.is_none();
    order.failures += u32::from(said.is_some());
    if order.reason == BillingReason::SubscriptionMeterCycle {
        usage_unpaid(world, id);
    } else if first {
        first_failure(world, id, said);
    } else {
        another_failure(world, id);
    }
}

/// A bill for usage alone is tried as often and then given up: the subscription goes on.
fn usage_unpaid(world: &mut World, id: Id<Order>) {
    let failures = world.orders.find(id).map_or(0, |order| order.failures);
    let next = pause_after(world.now(), failures.max(1));
    plan(world, id, next);
    if next.is_none() {
        settle::void(world, id);
    }
}

/// The subscription falls past due and waits for money. A card that will never work is tried once more, at
/// the very end. One that has ended waits for nothing.
fn first_failure(world: &mut World, id: Id<Order>, said: Option<Outcome>) {
    let Some(subscription) = world.orders.find(id).and_then(|order| order.subscription) else {
        return;
    };
    if !is_alive(world, subscription) {
        return;
    }
    subscription::fall_past_due(world, subscription);
    let deadline = world
        .subscriptions
        .find(subscription)
        .and_then(Subscription::past_due_deadline);
    let next = match said {
        Some(Outcome::Declined(decline)) if decline.is_final() => deadline,
        Some(_) | None => pause_after(world.now(), 1),
    };
    plan(world, id, next);
}

fn another_failure(world: &mut World, id: Id<Order>) {
    let now = world.now();
    let Some(order) = world.orders.find(id) else {
        return;
    };
    let (failures, subscription) = (order.failures, order.subscription);
    let row = subscription.and_then(|id| world.subscriptions.find(id));
    let late = row
        .and_then(Subscription::past_due_deadline)
        .is_some_and(|deadline| deadline < now);
    let next = pause_after(now, failures).filter(|_| !late);
    plan(world, id, next);
    match (next, subscription) {
        (Some(_), Some(subscription)) => subscription::look_at_grants(world, subscription),
        // The end of the subscription makes its unpaid orders void.
        (None, Some(subscription)) => subscription::end_now(world, subscription),
        (_, None) => {}
    }
}

/// The next attempt after so many failed charges; none after the last. Where nothing could be charged at
/// all, the longest pause.
fn pause_after(now: Timestamp, failures: u32) -> Option<Timestamp> {
    let longest = PAUSES.len();
    let index = usize::try_from(failures).ok()?;
    let days = PAUSES.get(index.checked_sub(1).unwrap_or(longest - 1))?;
    let pause = SignedDuration::from_hours(days.saturating_mul(24));
    now.checked_add(pause).ok()
}

fn plan(world: &mut World, id: Id<Order>, next: Option<Timestamp>) {
    let now = world.stamp();
    world.agenda.cancel(&Job::Dun(id));
    if let Some(order) = world.orders.find_mut(id) {
        order.next_payment_attempt_at = next;
        order.modified_at = Some(now);
    }
    if let Some(next) = next {
        world.agenda.at(next_hour(next), Job::Dun(id));
    }
}

fn is_alive(world: &World, id: Id<Subscription>) -> bool {
    world
        .subscriptions
        .find(id)
        .is_some_and(Subscription::is_alive)
}

/// There is no card for a new bill: wait for one, as if the charge had failed, and say until when.
pub(super) fn without_card(world: &mut World, id: Id<Order>) {
    failed(world, id, None);
    announce(world, id, &["updated"]);
}

/// Money came after all: the subscription lives again once nothing else of it is unpaid.
pub(super) fn recovered(world: &mut World, id: Id<Order>) {
    world.agenda.cancel(&Job::Dun(id));
    let Some(subscription) = world.orders.find(id).and_then(|order| order.subscription) else {
        return;
    };
    let waits = |other: &Id<Order>| {
        let other = world.orders.find(*other);
        other.is_some_and(|other| other.id != id && other.next_payment_attempt_at.is_some())
    };
    if !pending_of(world, subscription).iter().any(waits) {
        subscription::recover(world, subscription);
    }
}

/// The hourly round reaches an order whose time has come; while its organization may not renew, it waits. The
/// subscription's own card is tried alone: its customer's other cards are tried when they become the default.
pub(crate) fn run(world: &mut World, id: Id<Order>) {
    let order = world.orders.find(id);
    let Some(order) = order.filter(|order| order.status == OrderStatus::Pending) else {
        return;
    };
    let renews = organization::capabilities(world, order.organization).subscription_renewals;
    let row = order
        .subscription
        .and_then(|id| world.subscriptions.find(id));
    let ended = row.is_some_and(|row| !row.is_alive());
    let own_card = row.is_some_and(|row| row.own_card(world).is_some());
    if ended {
        plan(world, id, None);
    } else if renews && own_card {
        settle::charge(world, id, Trigger::RetryDunning);
    } else if renews {
        failed(world, id, None);
    }
}

/// The next hourly round reaches what it passed over while the organization might not renew.
pub(crate) fn catch_up(world: &mut World, organization: Id<Organization>) {
    let now = world.now();
    let due: Vec<_> = world
        .orders
        .of(organization)
        .filter(|row| row.status == OrderStatus::Pending)
        .filter(|row| row.next_payment_attempt_at.is_some_and(|then| then <= now))
        .map(|row| row.id)
        .collect();
    for id in due {
        world.agenda.cancel(&Job::Dun(id));
        world.agenda.at(next_hour(now), Job::Dun(id));
    }
}

/// The unpaid orders of a subscription.
pub(crate) fn pending_of(world: &World, subscription: Id<Subscription>) -> Vec<Id<Order>> {
    world
        .orders
        .of(subscription)
        .filter(|row| row.status == OrderStatus::Pending)
        .map(|row| row.id)
        .collect()
}

/// Dunning goes round every full hour.
fn next_hour(moment: Timestamp) -> Timestamp {
    moment
        .to_zoned(TimeZone::UTC)
        .round(
            jiff::ZonedRound::new()
                .smallest(jiff::Unit::Hour)
                .mode(jiff::RoundMode::Ceil),
        )
        .map_or(moment, |hour| hour.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dunning_goes_round_at_full_hours() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        assert_eq!(
            next_hour(at("2026-01-01T10:00:00Z")),
            at("2026-01-01T10:00:00Z")
        );
        assert_eq!(
            next_hour(at("2026-01-01T10:00:00.000001Z")),
            at("2026-01-01T11:00:00Z")
        );
        assert_eq!(
            next_hour(at("2026-12-31T23:59:59Z")),
            at("2027-01-01T00:00:00Z")
        );
    }
}
