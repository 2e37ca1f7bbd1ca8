//! What the outside world is told about sessions.

use serde_json::json;

use super::{Checkout, render};
use crate::resource::event;
use crate::world::{Id, World};

/// Sends `checkout.<event>`.
pub(super) fn announce(world: &mut World, id: Id<Checkout>, event: &str) {
    if let Some(row) = world.checkouts.find(id) {
        let organization = row.organization;
        world.emit_with(organization, &format!("checkout.{event}"), |world| {
            world.checkouts.find(id).map(|row| render(world, row))
        });
    }
}

/// Writes `checkout.created` into the events list.
pub(super) fn record_created(world: &mut World, id: Id<Checkout>) {
    if let Some(row) = world.checkouts.find(id) {
        let (organization, customer) = (row.organization, row.customer);
        let metadata = json!({
            "checkout_id": id,
            "checkout_status": row.status,
            "product_id": row.product,
        });
        event::record_system(world, organization, customer, "checkout.created", metadata);
    }
}
