//! Every kind of background work. Names are saved with the world: retire one, never rename it.

use serde::{Deserialize, Serialize};

use super::{Id, World};
use crate::resource::benefit::Benefit;
use crate::resource::customer::Customer;
use crate::resource::grant::GrantScope;
use crate::resource::license_key::LicenseKey;
use crate::resource::product::Product;
use crate::resource::subscription::Subscription;
use crate::resource::{customer_meter, customer_state, grant, license_key};

/// One piece of work. Running it may plan more. Jobs look their rows up again: much may have happened since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Job {
    CustomerStateChanged(Id<Customer>),
    CycleGrants(Id<Subscription>),
    FollowLicenseKey(Id<LicenseKey>),
    MeasureCustomer(Id<Customer>),
    RevokeBenefit(Id<Benefit>),
    RevokeCustomerGrants(Id<Customer>),
    RevokeGrants(GrantScope),
    SyncGrants(GrantScope),
    SyncProductGrants(Id<Product>),
    UpdateGrants(Id<Benefit>),
}

impl Job {
    /// Does the work.
    pub(crate) fn run(self, world: &mut World) {
        match self {
            Self::CustomerStateChanged(customer) => customer_state::announce(world, customer),
            Self::CycleGrants(subscription) => grant::cycle(world, subscription),
            Self::FollowLicenseKey(key) => license_key::follow(world, key),
            Self::MeasureCustomer(customer) => customer_meter::measure(world, customer),
            Self::RevokeBenefit(benefit) => grant::revoke_benefit(world, benefit),
            Self::RevokeCustomerGrants(customer) => grant::revoke_customer(world, customer),
            Self::RevokeGrants(scope) => grant::revoke_scope(world, scope),
            Self::SyncGrants(scope) => grant::sync(world, scope),
            Self::SyncProductGrants(product) => grant::sync_product(world, product),
            Self::UpdateGrants(benefit) => grant::update_benefit(world, benefit),
        }
    }
}
