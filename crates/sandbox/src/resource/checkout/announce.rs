//! What the outside world is told about sessions.

use serde_json::json;

use super::watch::{News, tell};
use super::{Checkout, render};
use crate::resource::event;
use crate::world::{Id, World};

/// Sends `checkout.<event>`, and tells whoever watches the session that it changed.
pub(super) fn announce(world: &mut World, id: Id<Checkout>, event: &str) {
    let Some(row) = world.checkouts.find(id) else {
        return;
    };
    let (organization, status) = (row.organization, row.status);
    if event != "created" {
        tell(world, id, News::Updated(status));
    }
    let name = format!("checkout.{event}");
    world.emit_with(organization, &name, |world| {
        world.checkouts.find(id).map(|row| render(world, row))
    });
    if event == "updated" && !world.is_heard(organization, &name) {
        tell(world, id, News::Delivered(status));
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
