//! Whose events a list asks for.

use std::collections::HashSet;

use super::Event;
use crate::call::Call;
use crate::resource::customer::Customer;
use crate::world::{Id, World};

/// The customers of `customer_id` and of `external_customer_id`; an event must be of both that were given.
#[derive(Debug)]
pub(crate) struct Audience {
    by_id: Option<Wanted>,
    by_external_id: Option<Wanted>,
}

/// Customers by either name.
#[derive(Debug, Default)]
struct Wanted {
    ids: HashSet<Id<Customer>>,
    external_ids: HashSet<String>,
}

impl Audience {
    /// What the call's query asks for.
    pub(crate) fn read(world: &World, call: &Call) -> Self {
        let given = |name| call.query.get(name).is_some();
        Self {
            by_id: given("customer_id").then(|| {
                let ids = call.query.all("customer_id").filter_map(Id::parse);
                Wanted::by_id(world, ids.collect())
            }),
            by_external_id: given("external_customer_id").then(|| {
                let ids = call.query.all("external_customer_id").map(str::to_owned);
                Wanted::by_external_id(world, ids.collect())
            }),
        }
    }

    /// True when the event is about one of the customers asked for.
    pub(crate) fn includes(&self, event: &Event) -> bool {
        [&self.by_id, &self.by_external_id]
            .into_iter()
            .flatten()
            .all(|wanted| wanted.includes(event))
    }
}

impl Wanted {
    fn by_id(world: &World, ids: HashSet<Id<Customer>>) -> Self {
        let external_ids = ids
            .iter()
            .filter_map(|id| world.customers.find(*id)?.external_id.clone())
            .collect();
        Self { ids, external_ids }
    }

    fn by_external_id(world: &World, external_ids: HashSet<String>) -> Self {
        let named = |external_id: &String| {
            let rows = world.customers.of(external_id.as_str());
            let mine = |row: &&Customer| row.external_id.as_ref() == Some(external_id);
            rows.filter(mine).map(|row| row.id).collect::<Vec<_>>()
        };
        let ids = external_ids.iter().flat_map(named).collect();
        Self { ids, external_ids }
    }

    fn includes(&self, event: &Event) -> bool {
        let external_id = event.external_customer.as_ref();
        event.customer.is_some_and(|id| self.ids.contains(&id))
            || external_id.is_some_and(|id| self.external_ids.contains(id))
    }
}
