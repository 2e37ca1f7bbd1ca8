//! What the outside world is told about subscriptions.

use serde_json::{Map, Value, json};

use super::{Subscription, SubscriptionStatus, render as show};
use crate::render;
use crate::resource::grant::GrantScope;
use crate::resource::{event, seat};
use crate::world::{Id, Job, World};

/// How a subscription stood, as far as announcements go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) status: SubscriptionStatus,
    /// Ended, or going to.
    pub(super) canceled: bool,
}

impl Standing {
    pub(super) const fn of(row: &Subscription) -> Self {
        Self {
            status: row.status,
            canceled: row.canceled_at.is_some(),
        }
    }
}

/// What is told after `subscription.updated` of a change from one standing to another, in this order.
fn told(before: Standing, after: Standing) -> Vec<&'static str> {
    let becomes = |status| after.status == status && before.status != status;
    let active = after.status.is_active() && !before.status.is_active();
    let resumed = active && before.status == SubscriptionStatus::Paused;
    let revoked = becomes(SubscriptionStatus::Canceled);
    let canceled = after.canceled && !before.canceled;
    let words = [
        ("active", active && !resumed),
        ("paused", becomes(SubscriptionStatus::Paused)),
        ("resumed", resumed),
        ("uncanceled", before.canceled && !after.canceled),
        ("past_due", becomes(SubscriptionStatus::PastDue)),
        // Told when it is asked for, and once more at the end.
        ("canceled", canceled || (revoked && before.canceled)),
        ("revoked", revoked),
    ];
    let words = words.into_iter().filter(|(_, happened)| *happened);
    words.map(|(word, _)| word).collect()
}

/// Notes and tells of a change since `before`.
pub(super) fn changed(world: &mut World, id: Id<Subscription>, before: Standing) {
    touch(world, id);
    tell(world, id, before);
}

/// Tells of a change since `before`: always `updated`, then what it means.
pub(super) fn tell(world: &mut World, id: Id<Subscription>, before: Standing) {
    let Some(after) = world.subscriptions.find(id).map(Standing::of) else {
        return;
    };
    let words = told(before, after);
    for word in &words {
        match *word {
            "active" if before.status == SubscriptionStatus::PastDue => {
                record(world, id, "reactivated");
            }
            "active" => {}
            word => record(world, id, word),
        }
    }
    announce(world, id, &["updated"]);
    announce(world, id, &words);
}

/// Sends `subscription.<event>` for each of `events`, in this order, and lets the customer's state follow.
pub(crate) fn announce(world: &mut World, id: Id<Subscription>, events: &[&str]) {
    let Some(row) = world.subscriptions.find(id) else {
        return;
    };
    let (organization, customer) = (row.organization, row.customer);
    for event in events {
        world.emit_with(organization, &format!("subscription.{event}"), |world| {
            world.subscriptions.find(id).map(|row| show(world, row))
        });
    }
    world.agenda.when_quiet(Job::CustomerStateChanged(customer));
}

/// Writes `subscription.<name>` into the events list, with what such an event says of a subscription.
pub(super) fn record(world: &mut World, id: Id<Subscription>, name: &str) {
    let Some(row) = world.subscriptions.find(id) else {
        return;
    };
    let mut metadata = json!({
        "product_id": row.product,
        "amount": row.amount(world),
        "currency": row.currency,
        "recurring_interval": row.cycle.interval,
        "recurring_interval_count": row.cycle.count,
    });
    let more = match name {
        "created" => json!({"started_at": render::time(row.started_at)}),
        "past_due" => json!({"past_due_at": render::time_or_null(row.past_due_at)}),
        "paused" => json!({
            "paused_at": render::time_or_null(row.paused_at),
            "resumes_at": render::time_or_null(row.resumes_at),
        }),
        "canceled" => json!({
            "canceled_at": render::time_or_null(row.canceled_at),
            "ends_at": render::time_or_null(row.ends_at),
            "cancel_at_period_end": row.cancel_at_period_end,
            "customer_cancellation_reason": row.cancellation_reason,
            "customer_cancellation_comment": row.cancellation_comment,
        }),
        _ => json!({}),
    };
    render::merge(&mut metadata, more);
    record_as(world, id, name, metadata);
}

/// Writes `subscription.<name>` into the events list, with `metadata` and the subscription's id.
pub(super) fn record_as(world: &mut World, id: Id<Subscription>, name: &str, mut metadata: Value) {
    let Some(row) = world.subscriptions.find(id) else {
        return;
    };
    let (organization, customer) = (row.organization, row.customer);
    render::merge(&mut metadata, json!({"subscription_id": id}));
    let name = format!("subscription.{name}");
    event::record_system(world, organization, Some(customer), &name, metadata);
}

/// Writes `subscription.updated` into the events list when an update said something.
pub(super) fn record_update(world: &mut World, id: Id<Subscription>, said: Map<String, Value>) {
    if !said.is_empty() {
        record_as(world, id, "updated", said.into());
    }
}

/// Takes the seats back at once: that is told before what it comes of.
pub(super) fn empty_seats(world: &mut World, id: Id<Subscription>) {
    seat::revoke_all(world, GrantScope::Subscription(id));
}

/// Lets the grants follow the subscription's status.
pub(super) fn sync_grants(world: &mut World, id: Id<Subscription>) {
    world
        .agenda
        .soon(Job::SyncGrants(GrantScope::Subscription(id)));
}

/// Notes the moment of a change.
pub(crate) fn touch(world: &mut World, id: Id<Subscription>) {
    let now = world.stamp();
    if let Some(row) = world.subscriptions.find_mut(id) {
        row.modified_at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::SubscriptionStatus::{Active, Canceled, PastDue, Paused, Trialing};
    use super::*;

    #[test]
    fn each_change_is_told_in_the_words_and_order_of_the_real_service() {
        let cases: [((_, bool), (_, bool), &[&str]); 13] = [
            ((Active, false), (Active, false), &[]),
            ((Trialing, false), (Active, false), &[]),
            ((Active, false), (Trialing, false), &[]),
            ((Active, false), (Active, true), &["canceled"]),
            ((Active, true), (Active, false), &["uncanceled"]),
            ((Active, true), (Canceled, true), &["canceled", "revoked"]),
            ((Active, false), (Canceled, true), &["canceled", "revoked"]),
            ((PastDue, false), (Canceled, true), &["canceled", "revoked"]),
            ((Paused, false), (Canceled, true), &["canceled", "revoked"]),
            ((Active, false), (PastDue, false), &["past_due"]),
            ((PastDue, false), (Active, false), &["active"]),
            ((Active, false), (Paused, false), &["paused"]),
            ((Paused, false), (Active, false), &["resumed"]),
        ];
        for (before, after, words) in cases {
            let standing = |(status, canceled)| Standing { status, canceled };
            let got = told(standing(before), standing(after));
            assert_eq!(got, words, "{before:?} → {after:?}");
        }
    }
}
