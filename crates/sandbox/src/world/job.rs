//! Every kind of background work. Names are saved with the world: retire one, never rename it.

use serde::{Deserialize, Serialize};

use super::{Id, World};
use crate::resource::customer::Customer;
use crate::resource::grant::GrantScope;
use crate::resource::product::Product;
use crate::resource::subscription::Subscription;
use crate::resource::{customer_meter, customer_state, grant};

/// One piece of work. Running it may plan more. Jobs look their rows up again: much may have happened since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Job {
    CustomerStateChanged(Id<Customer>),
    CycleGrants(Id<Subscription>),
    MeasureCustomer(Id<Customer>),
    SyncGrants(GrantScope),
    SyncProductGrants(Id<Product>),
}

impl Job {
    /// Does the work.
    pub(crate) fn run(self, world: &mut World) {
        match self {
            Self::CustomerStateChanged(customer) => customer_state::announce(world, customer),
            Self::CycleGrants(subscription) => grant::cycle(world, subscription),
            Self::MeasureCustomer(customer) => customer_meter::measure(world, customer),
            Self::SyncGrants(scope) => grant::sync(world, scope),
            Self::SyncProductGrants(product) => grant::sync_product(world, product),
        }
    }
}
