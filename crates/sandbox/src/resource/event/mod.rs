//! An event: something a customer did (usage), or that Polar noticed (system).

mod audience;
mod get;
mod ingest;
mod kinds;
mod list;
mod log;
mod names;
mod system;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use audience::Audience;
pub(crate) use kinds::EventType;
pub(crate) use system::record_system;

use crate::call::Handler;
use crate::render::{Json, object, plain};
use crate::resource::customer::{self, Customer};
use crate::resource::member::Member;
use crate::resource::organization::Organization;
use crate::world::{Id, World, found_by};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("events:list", list::handle),
    ("events:list_names", names::handle),
    ("events:get", get::handle),
    ("events:ingest", ingest::handle),
    ("event-types:list", kinds::list),
    ("event-types:update", kinds::update),
];

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
    pub(crate) member: Option<Id<Member>>,
    pub(crate) external_member: Option<String>,
    /// The sender's own id; unique in the organization.
    pub(crate) external_id: Option<String>,
    pub(crate) parent: Option<Id<Self>>,
    pub(crate) metadata: Map<String, Value>,
}

found_by!(Event: organization, customer, external_customer, external_id, parent; in the order of timestamp);

/// Who wrote the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    User,
    System,
}

plain!(Source);

impl Source {
    /// The word on the wire.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::System => "system",
        }
    }
}

/// The customer the event is about, if there is one by now.
pub(crate) fn customer_of<'w>(world: &'w World, event: &Event) -> Option<&'w Customer> {
    match (event.customer, &event.external_customer) {
        (Some(id), _) => world.customers.find(id),
        (None, Some(external)) => customer::by_external_id(world, event.organization, external),
        (None, None) => None,
    }
}

/// The event as the API shows it.
pub(crate) fn render(world: &World, event: &Event) -> Json {
    let customer = customer_of(world, event);
    object!({
        "id": event.id,
        "timestamp": event.timestamp,
        "organization_id": event.organization,
        "customer_id": customer.map(|customer| customer.id),
        "customer": customer.map(|customer| customer::render(world, customer)),
        "external_customer_id": event.external_customer,
        "member_id": event.member,
        "external_member_id": event.external_member,
        "child_count": world.events.children(event.id),
        "parent_id": event.parent,
        "label": kinds::label(world, event),
        "source": event.source,
        "name": event.name,
        "metadata": event.metadata,
    })
}

#[cfg(test)]
impl Event {
    /// A user event of nobody in particular.
    pub(crate) fn sample(name: &str, metadata: Value) -> Self {
        let timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let Value::Object(metadata) = metadata else {
            panic!("metadata is an object");
        };
        Self {
            id: Id::new(uuid::Uuid::from_u128(1)),
            organization: Id::new(uuid::Uuid::from_u128(2)),
            timestamp,
            ingested_at: timestamp,
            source: Source::User,
            name: name.to_owned(),
            customer: None,
            external_customer: None,
            member: None,
            external_member: None,
            external_id: None,
            parent: None,
            metadata,
        }
    }
}
