//! What the outside world is told about orders.

use serde_json::{Value, json};

use super::{Order, render};
use crate::render::merge;
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
    let mut metadata = json!({"order_id": id, "currency": row.currency});
    let more = match name {
        "refunded" => json!({"refunded_amount": row.refunded_amount}),
        "paid" => paid(world, row),
        _ => json!({"amount": row.total_amount()}),
    };
    merge(&mut metadata, more);
    let name = format!("order.{name}");
    event::record_system(world, organization, Some(customer), &name, metadata);
}

/// What is written down of an order that is paid.
fn paid(world: &World, row: &Order) -> Value {
    let product = row.product.and_then(|id| world.products.find(id));
    let recurring = product.is_some_and(|product| product.cycle.is_some());
    let subscription = row.subscription.and_then(|id| world.subscriptions.find(id));
    let cycle = subscription.map(|row| row.cycle);
    json!({
        "product_id": row.product,
        "billing_type": if recurring { "recurring" } else { "one_time" },
        "amount": row.total_amount(),
        "net_amount": row.net_amount(),
        "tax_amount": row.tax_amount,
        "discount_amount": row.discount_amount,
        "discount_id": row.discount,
        "applied_balance_amount": row.applied_balance,
        "platform_fee": row.platform_fee.unwrap_or_default(),
        "subscription_id": row.subscription,
        "recurring_interval": cycle.map(|cycle| cycle.interval.word()),
        "recurring_interval_count": cycle.map(|cycle| cycle.count),
    })
}

/// Notes the moment of a change.
pub(crate) fn touch(world: &mut World, id: Id<Order>) {
    let now = world.stamp();
    if let Some(row) = world.orders.find_mut(id) {
        row.modified_at = Some(now);
    }
}
