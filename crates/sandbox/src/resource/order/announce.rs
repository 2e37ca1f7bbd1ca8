//! What the outside world is told about orders.

use serde_json::json;

use super::{Order, render};
use crate::resource::event;
use crate::world::{Id, World};

/// Sends `order.<event>` for each of `events`, in this order.
pub(crate) fn announce(world: &mut World, id: Id<Order>, events: &[&str]) {
    for event in events {
        if let Some(row) = world.orders.find(id) {
            let organization = row.organization;
            world.emit_with(organization, &format!("order.{event}"), |world| {
                world.orders.find(id).map(|row| render(world, row))
            });
        }
    }
}

/// Writes `order.<name>` into the events list.
pub(crate) fn record(world: &mut World, id: Id<Order>, name: &str) {
    let Some(row) = world.orders.find(id) else {
        return;
    };
    let (organization, customer) = (row.organization, row.customer);
    let metadata = json!({
        "order_id": id,
        "product_id": row.product,
        "subscription_id": row.subscription,
        "amount": row.total_amount(),
        "net_amount": row.net_amount(),
        "tax_amount": row.tax_amount,
        "discount_amount": row.discount_amount,
        "discount_id": row.discount,
        "currency": row.currency,
        "billing_type": if row.subscription.is_some() { "recurring" } else { "one_time" },
        "applied_balance_amount": row.applied_balance,
        "refunded_amount": row.refunded_amount,
        "platform_fee": row.platform_fee.unwrap_or_default(),
    });
    event::record_system(
        world,
        organization,
        Some(customer),
        &format!("order.{name}"),
        metadata,
    );
}

/// Notes the moment of a change.
pub(crate) fn touch(world: &mut World, id: Id<Order>) {
    let now = world.stamp();
    if let Some(row) = world.orders.find_mut(id) {
        row.modified_at = Some(now);
    }
}
