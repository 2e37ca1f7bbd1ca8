//! Events that Polar itself writes.

use serde_json::{Map, Value};

use super::{Event, Source};
use crate::resource::customer::Customer;
use crate::resource::organization::Organization;
use crate::world::{Id, World};

/// Writes down what Polar itself noticed, such as `subscription.cycled`. `metadata` is an object.
pub(crate) fn record_system(
    world: &mut World,
    organization: Id<Organization>,
    customer: Option<Id<Customer>>,
    name: &str,
    metadata: Value,
) -> Id<Event> {
    let now = world.stamp();
    let id = world.chance.id();
    let mut metadata = match metadata {
        Value::Object(metadata) => metadata,
        _ => Map::new(),
    };
    if !name.starts_with("customer.") && name != "subscription.updated" {
        // Events about customers say null, and so does a discount that is taken off; the others leave out what
        // there is none of.
        metadata.retain(|_, value| !value.is_null());
    }
    let event = Event {
        id,
        organization,
        timestamp: now,
        ingested_at: now,
        source: Source::System,
        name: name.to_owned(),
        customer,
        external_customer: None,
        member: None,
        external_member: None,
        external_id: None,
        parent: None,
        metadata,
    };
    world.events.insert(id, event);
    id
}
