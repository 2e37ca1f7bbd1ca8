//! A benefit grant: one benefit in one customer's hands, because of one order or subscription.

mod act;
mod connect;
mod give;
mod list;
mod render;
mod sync;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use connect::{connect, has_connected};
pub(crate) use give::key_of;
pub(crate) use render::{render, render_portal};
pub(crate) use sync::{
    cycle, follow_key, revoke_benefit, revoke_customer, revoke_scope, sync, sync_product,
    update_benefit,
};

use crate::call::Handler;
use crate::resource::benefit::Benefit;
use crate::resource::customer::Customer;
use crate::resource::member::Member;
use crate::resource::order::Order;
use crate::resource::subscription::Subscription;
use crate::world::{Field, Id, Key, World, found_by};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("benefits:grants", list::of_benefit),
    ("benefit-grants:list", list::handle),
];

/// One row. Revoked and granted again, it stays the same row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) id: Id<Self>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) benefit: Id<Benefit>,
    pub(crate) customer: Id<Customer>,
    pub(crate) member: Option<Id<Member>>,
    pub(crate) scope: GrantScope,
    pub(crate) granted_at: Option<Timestamp>,
    pub(crate) revoked_at: Option<Timestamp>,
    /// Why it could not be granted yet.
    pub(crate) error: Option<GrantError>,
    /// What the benefit's kind notes, such as the licence key.
    pub(crate) properties: Map<String, Value>,
}

found_by!(Grant: customer, benefit, scope);

/// The purchase a grant follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GrantScope {
    Order(Id<Order>),
    Subscription(Id<Subscription>),
}

/// What the customer has to do first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GrantError {
    pub(crate) message: String,
    pub(crate) at: Timestamp,
}

impl Field for GrantScope {
    fn key(&self) -> Option<Key> {
        match self {
            Self::Order(id) => id.key(),
            Self::Subscription(id) => id.key(),
        }
    }
}

impl From<GrantScope> for Key {
    fn from(scope: GrantScope) -> Self {
        match scope {
            GrantScope::Order(id) => id.into(),
            GrantScope::Subscription(id) => id.into(),
        }
    }
}

impl Grant {
    /// True while the customer has it.
    pub(crate) const fn is_granted(&self) -> bool {
        self.granted_at.is_some()
    }

    /// The order it follows from.
    pub(crate) const fn order(&self) -> Option<Id<Order>> {
        match self.scope {
            GrantScope::Order(id) => Some(id),
            GrantScope::Subscription(_) => None,
        }
    }

    /// The subscription it follows from.
    pub(crate) const fn subscription(&self) -> Option<Id<Subscription>> {
        match self.scope {
            GrantScope::Subscription(id) => Some(id),
            GrantScope::Order(_) => None,
        }
    }
}

/// What the customer has now.
pub(crate) fn granted_to(world: &World, customer: Id<Customer>) -> impl Iterator<Item = &Grant> {
    world.grants.of(customer).filter(|row| row.is_granted())
}
