//! An event: something a customer did (usage), or that Polar noticed (system).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::call::Handler;
use crate::resource::customer::Customer;
use crate::resource::organization::Organization;
use crate::world::{Id, World};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[];

/// One row. Events never change.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: Id<Self>,
    pub(crate) organization: Id<Organization>,
    /// When it happened, as the sender says.
    pub(crate) timestamp: Timestamp,
    /// When it arrived here; what billing goes by.
    pub(crate) ingested_at: Timestamp,
    pub(crate) source: Source,
    pub(crate) name: String,
    pub(crate) customer: Option<Id<Customer>>,
    pub(crate) external_customer: Option<String>,
    /// The sender's own id; unique in the organization.
    pub(crate) external_id: Option<String>,
    pub(crate) metadata: Map<String, Value>,
}

/// Who wrote the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    User,
    System,
}

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
    let metadata = match metadata {
        Value::Object(metadata) => metadata,
        _ => Map::new(),
    };
    world.events.insert(
        id,
        Event {
            id,
            organization,
            timestamp: now,
            ingested_at: now,
            source: Source::System,
            name: name.to_owned(),
            customer,
            external_customer: None,
            external_id: None,
            metadata,
        },
    );
    id
}
