//! All events in the order of arrival, found by customer and by the sender's own id.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Event;
use crate::failure::Failure;
use crate::resource::customer::Customer;
use crate::resource::organization::Organization;
use crate::world::{Id, Table};

/// The table of events and its indexes. Only the table is saved; the rest follows from it.
#[derive(Debug, Clone, Default)]
pub(crate) struct EventLog {
    rows: Table<Event>,
    of_customer: HashMap<Id<Customer>, Vec<Id<Event>>>,
    of_external: HashMap<(Id<Organization>, String), Vec<Id<Event>>>,
    by_external_id: HashMap<(Id<Organization>, String), Id<Event>>,
    of_parent: HashMap<Id<Event>, Vec<Id<Event>>>,
}

impl EventLog {
    /// Adds an event.
    pub(crate) fn insert(&mut self, event: Event) {
        let (id, organization) = (event.id, event.organization);
        if let Some(customer) = event.customer {
            self.of_customer.entry(customer).or_default().push(id);
        }
        if let Some(external) = event.external_customer.clone() {
            let key = (organization, external);
            self.of_external.entry(key).or_default().push(id);
        }
        if let Some(external_id) = event.external_id.clone() {
            self.by_external_id.insert((organization, external_id), id);
        }
        if let Some(parent) = event.parent {
            self.of_parent.entry(parent).or_default().push(id);
        }
        self.rows.insert(id, event);
    }

    /// The event, or Polar's 404.
    pub(crate) fn get(&self, id: Id<Event>) -> Result<&Event, Failure> {
        self.rows.get(id)
    }

    /// The event, when there is one.
    pub(crate) fn find(&self, id: Id<Event>) -> Option<&Event> {
        self.rows.find(id)
    }

    /// The event the sender knows as `external_id`.
    pub(crate) fn find_external(
        &self,
        organization: Id<Organization>,
        external_id: &str,
    ) -> Option<Id<Event>> {
        let key = (organization, external_id.to_owned());
        self.by_external_id.get(&key).copied()
    }

    /// Every event, in the order of arrival.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.rows.iter()
    }

    /// The events that name the customer, then those that name their external id.
    pub(crate) fn of(&self, customer: &Customer) -> impl Iterator<Item = &Event> {
        let by_id = self.of_customer.get(&customer.id);
        let by_external = customer.external_id.clone().and_then(|external| {
            let key = (customer.organization, external);
            self.of_external.get(&key)
        });
        by_id
            .into_iter()
            .chain(by_external)
            .flatten()
            .filter_map(|id| self.rows.find(*id))
    }

    /// The events directly below one.
    pub(crate) fn children(&self, parent: Id<Event>) -> impl Iterator<Item = &Event> {
        self.of_parent
            .get(&parent)
            .into_iter()
            .flatten()
            .filter_map(|id| self.rows.find(*id))
    }
}

impl Serialize for EventLog {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.rows.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for EventLog {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = Table::<Event>::deserialize(deserializer)?;
        let mut log = Self::default();
        for event in rows.iter() {
            log.insert(event.clone());
        }
        Ok(log)
    }
}
