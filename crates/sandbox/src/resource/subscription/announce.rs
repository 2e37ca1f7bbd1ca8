//! What the outside world is told about subscriptions.

use serde_json::json;

use super::{Subscription, render};
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
            let shown = render(world, row);
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
