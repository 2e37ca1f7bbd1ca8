//! Members: the people behind a customer. An individual customer has one, its owner.

mod render;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use render::render;

use crate::call::Handler;
use crate::resource::customer::Customer;
use crate::world::{Id, World};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[];

/// One member of one customer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) id: Id<Self>,
    pub(crate) customer: Id<Customer>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) deleted_at: Option<Timestamp>,
    pub(crate) email: String,
    pub(crate) name: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) role: Role,
}

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Everything; exactly one per customer.
    Owner,
    BillingManager,
    Member,
}

/// The one member who may do everything.
pub(crate) fn owner(world: &World, customer: Id<Customer>) -> Option<&Member> {
    world
        .members
        .iter()
        .find(|row| row.customer == customer && row.role == Role::Owner && row.deleted_at.is_none())
}
