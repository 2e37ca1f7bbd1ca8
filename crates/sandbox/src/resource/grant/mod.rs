//! A benefit grant: one benefit in one customer's hands, because of one order or subscription.

use serde::{Deserialize, Serialize};

use crate::call::Handler;
use crate::resource::order::Order;
use crate::resource::product::Product;
use crate::resource::subscription::Subscription;
use crate::world::{Id, World};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[];

/// One row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) id: Id<Self>,
    pub(crate) scope: GrantScope,
}

/// The purchase a grant follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GrantScope {
    Order(Id<Order>),
    Subscription(Id<Subscription>),
}

/// Gives what the scope's product promises and takes back what it no longer does, one job per benefit.
/// Planned as `Job::SyncGrants` whenever a one-time order is paid or refunded with its benefits, or a
/// subscription begins, ends, pauses, falls past due, recovers or changes product.
pub(crate) fn sync(_world: &mut World, _scope: GrantScope) {}

/// Renews the grants of a subscription for its next period: credits are given again.
/// Planned as `Job::CycleGrants` at each renewal.
pub(crate) fn cycle(_world: &mut World, _subscription: Id<Subscription>) {}

/// Syncs everybody who holds the product. Planned as `Job::SyncProductGrants` when its benefits change.
pub(crate) fn sync_product(_world: &mut World, _product: Id<Product>) {}
