//! What the outside world is told about customers, from the background.

use serde_json::json;

use super::render::known_external_id;
use super::{Customer, render};
use crate::resource::{customer_state, event};
use crate::world::{Id, Job, World};

/// `customer.created`, then the state.
pub(crate) fn created(world: &mut World, id: Id<Customer>) {
    announce(world, id, "customer.created");
    // Usage may have waited for this customer.
    world.agenda.when_quiet(Job::MeasureCustomer(id));
}

/// `customer.updated`, then the state.
pub(crate) fn updated(world: &mut World, id: Id<Customer>) {
    announce(world, id, "customer.updated");
}

/// `customer.deleted`, then the state.
pub(crate) fn deleted(world: &mut World, id: Id<Customer>) {
    announce(world, id, "customer.deleted");
}

fn announce(world: &mut World, id: Id<Customer>, name: &str) {
    let Some(customer) = world.customers.find(id) else {
        return;
    };
    let organization = customer.organization;
    let mut metadata = json!({
        "customer_id": id,
        "customer_email": customer.email,
        "customer_name": customer.name,
        "customer_external_id": known_external_id(customer),
    });
    if name == "customer.updated" {
        // Several changes are told together, after the fact: which they were is not kept.
        crate::render::merge(&mut metadata, json!({"updated_fields": {}}));
    }
    event::record_system(world, organization, Some(id), name, metadata);
    world.emit_with(organization, name, |world| {
        world.customers.find(id).map(|row| render(world, row))
    });
    customer_state::announce(world, id);
}

/// Notes a change of the customer, to be announced once.
pub(crate) fn touch(world: &mut World, id: Id<Customer>) {
    let now = world.stamp();
    if let Some(customer) = world.customers.find_mut(id) {
        customer.modified_at = Some(now);
    }
    world.agenda.soon(Job::CustomerUpdated(id));
}
