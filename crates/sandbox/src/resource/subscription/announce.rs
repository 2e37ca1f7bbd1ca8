//! What the outside world is told about subscriptions.

use serde_json::json;

use super::{Subscription, render as show};
use crate::render;
use crate::resource::event;
use crate::resource::grant::GrantScope;
use crate::world::{Id, Job, World};

/// Sends `subscription.<event>` for each of `events`, in this order, and lets the customer's state follow.
pub(crate) fn announce(world: &mut World, id: Id<Subscription>, events: &[&str]) {
    let Some(row) = world.subscriptions.find(id) else {
        return;
    };
    let (organization, customer) = (row.organization, row.customer);
    for event in events {
        if let Some(row) = world.subscriptions.find(id) {
            let shown = show(world, row);
            world.emit(organization, &format!("subscription.{event}"), &shown);
        }
    }
    world.agenda.when_quiet(Job::CustomerStateChanged(customer));
}

/// Writes `subscription.<name>` into the events list.
pub(crate) fn record(world: &mut World, id: Id<Subscription>, name: &str) {
    let Some(row) = world.subscriptions.find(id) else {
        return;
    };
    let (organization, customer) = (row.organization, row.customer);
    let metadata = json!({
        "subscription_id": id,
        "product_id": row.product,
        "amount": row.amount(world),
        "currency": row.currency,
        "recurring_interval": row.cycle.interval,
        "recurring_interval_count": row.cycle.count,
        "started_at": render::time(row.started_at),
        "canceled_at": render::time_or_null(row.canceled_at),
        "ends_at": render::time_or_null(row.ends_at),
        "cancel_at_period_end": row.cancel_at_period_end,
        "customer_cancellation_reason": row.cancellation_reason,
        "customer_cancellation_comment": row.cancellation_comment,
        "past_due_at": render::time_or_null(row.past_due_at),
        "paused_at": render::time_or_null(row.paused_at),
        "resumes_at": render::time_or_null(row.resumes_at),
    });
    let name = format!("subscription.{name}");
    event::record_system(world, organization, Some(customer), &name, metadata);
}

/// Lets the grants follow the subscription's status.
pub(crate) fn sync_grants(world: &mut World, id: Id<Subscription>) {
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
