//! Dunning: a renewal that could not be charged is tried again on days 2, 7, 14 and 21, then given up.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Order, OrderStatus, announce, settle};
use crate::resource::payment::Trigger;
use crate::resource::subscription::{self, Subscription};
use crate::world::{Id, Job, World};

/// Days after the first failure on which a charge is tried again.
const RETRIES: [i64; 4] = [2, 7, 14, 21];

/// A charge failed: plan the next, or give up.
pub(super) fn failed(world: &mut World, id: Id<Order>) {
    let now = world.stamp();
    let Some(order) = world.orders.find_mut(id) else {
        return;
    };
    order.modified_at = Some(now);
    order.failures += 1;
    let first = *order.first_failure_at.get_or_insert(now);
    let subscription = order.subscription;
    let retry = usize::try_from(order.failures)
        .ok()
        .and_then(|failures| RETRIES.get(failures.checked_sub(1)?));
    let next = retry.map(|days| after(first, *days));
    order.next_payment_attempt_at = next;
    match (next, subscription) {
        (Some(next), subscription) => {
            world.agenda.cancel(&Job::Dun(id));
            world.agenda.at(next_hour(next), Job::Dun(id));
            if let Some(subscription) = subscription {
                subscription::fall_past_due(world, subscription);
            }
        }
        // The end of the subscription makes its unpaid orders void.
        (None, Some(subscription)) if is_alive(world, subscription) => {
            subscription::end_now(world, subscription);
        }
        (None, _) => settle::void(world, id),
    }
}

fn is_alive(world: &World, id: Id<Subscription>) -> bool {
    world
        .subscriptions
        .find(id)
        .is_some_and(Subscription::is_alive)
}

/// There is no card at all: wait for one, as if the charge had failed.
pub(super) fn without_card(world: &mut World, id: Id<Order>) {
    failed(world, id);
    announce(world, id, &["updated"]);
}

/// Money came after all: the subscription lives again once nothing else of it is unpaid.
pub(super) fn recovered(world: &mut World, id: Id<Order>) {
    world.agenda.cancel(&Job::Dun(id));
    let Some(subscription) = world.orders.find(id).and_then(|order| order.subscription) else {
        return;
    };
    let unpaid = pending_of(world, subscription);
    if unpaid.iter().all(|other| *other == id) {
        subscription::recover(world, subscription);
    }
}

/// The hourly round reaches an order whose time has come.
pub(crate) fn run(world: &mut World, id: Id<Order>) {
    let due = world
        .orders
        .find(id)
        .is_some_and(|order| order.status == OrderStatus::Pending);
    if due {
        settle::charge(world, id, Trigger::RetryDunning);
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

fn after(first: Timestamp, days: i64) -> Timestamp {
    first
        .saturating_add(SignedDuration::from_hours(days.saturating_mul(24)))
        .unwrap_or(Timestamp::MAX)
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
