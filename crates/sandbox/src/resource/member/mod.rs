//! Members: the people behind a customer. An individual customer has one, its owner.

mod add;
mod create;
mod delete;
mod get;
mod list;
mod render;
mod update;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::call::Handler;
use crate::render::plain;
use crate::resource::customer::Customer;
use crate::world::{Id, found_by};

pub(crate) use add::{
    NewMember, add, add_quietly, follow_email, of, owner, remove_all, with_email,
};
pub(crate) use delete::remove_member;
pub(crate) use get::absent;
pub(crate) use render::render;
pub(crate) use update::{Caller, change as change_member};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("customers:members:create", create::handle),
    ("customers:members:create_external", create::handle),
    ("customers:members:delete", delete::handle),
    ("customers:members:delete_external", delete::handle),
    ("customers:members:get", get::handle),
    ("customers:members:get_external", get::handle),
    ("customers:members:update", update::handle),
    ("customers:members:update_external", update::handle),
    ("members:list_members", list::handle),
];

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

found_by!(Member: customer);

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Everything; exactly one per customer.
    Owner,
    BillingManager,
    Member,
}

plain!(Role);

impl Role {
    /// Polar's word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::BillingManager => "billing_manager",
            Self::Member => "member",
        }
    }
}
