//! Ways to events, which are kept in the order of arrival.

use super::Event;
use crate::resource::customer::Customer;
use crate::resource::organization::Organization;
use crate::world::{Id, Table};

impl Table<Event> {
    /// The event the sender knows as `external_id`.
    pub(crate) fn find_external(
        &self,
        organization: Id<Organization>,
        external_id: &str,
    ) -> Option<Id<Event>> {
        let named = |row: &&Event| {
            row.organization == organization && row.external_id.as_deref() == Some(external_id)
        };
        self.of(external_id).find(named).map(|row| row.id)
    }

    /// The events that name the customer, then those that name their external id.
    pub(crate) fn about<'e>(&'e self, customer: &'e Customer) -> impl Iterator<Item = &'e Event> {
        let external = customer.external_id.as_deref();
        let by_id = self.of(customer.id);
        let by_external = external.into_iter().flat_map(move |external| {
            self.of(external).filter(move |row| {
                row.organization == customer.organization
                    && row.external_customer.as_deref() == Some(external)
            })
        });
        by_id.chain(by_external)
    }

    /// The events directly below one.
    pub(crate) fn children(&self, parent: Id<Event>) -> usize {
        self.of(parent).len()
    }
}
