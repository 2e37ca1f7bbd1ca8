//! A benefit: what a product gives to those who buy it.

mod create;
mod delete;
mod get;
mod kind;
mod list;
mod rules;
mod update;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use get::own;
pub(crate) use kind::{Kind, LicenseTerms, Lifetime, Timeframe};

use crate::call::Handler;
use crate::render::{Json, object, plain};
use crate::resource::organization::Organization;
use crate::world::{Id, World, found_by};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("benefits:list", list::handle),
    ("benefits:create", create::handle),
    ("benefits:get", get::handle),
    ("benefits:update", update::handle),
    ("benefits:delete", delete::handle),
    ("benefits:files", get::files),
];

/// One row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Benefit {
    pub(crate) id: Id<Self>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) organization: Id<Organization>,
    /// The name customers see.
    pub(crate) description: String,
    pub(crate) visibility: Visibility,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) kind: Kind,
    pub(crate) deleted: bool,
}

found_by!(Benefit: organization);

/// Whether customers see the benefit before they have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Visibility {
    Draft,
    Public,
    Private,
}

plain!(Visibility);

/// The benefit as the API shows it to the seller.
pub(crate) fn render(_world: &World, benefit: &Benefit) -> Json {
    object!({
        "id": benefit.id,
        "created_at": benefit.created_at,
        "modified_at": benefit.modified_at,
        "type": benefit.kind.name(),
        "description": benefit.description,
        "selectable": true,
        "deletable": true,
        "is_deleted": benefit.deleted,
        "organization_id": benefit.organization,
        "metadata": benefit.metadata,
        "visibility": benefit.visibility,
        "properties": benefit.kind.properties(),
        "visibility_configurable": benefit.kind.visibility_configurable(),
    })
}

/// The benefit as products, checkouts and the portal show it.
pub(crate) fn render_public(_world: &World, benefit: &Benefit) -> Json {
    object!({
        "id": benefit.id,
        "created_at": benefit.created_at,
        "modified_at": benefit.modified_at,
        "type": benefit.kind.name(),
        "description": benefit.description,
        "selectable": true,
        "deletable": true,
        "is_deleted": benefit.deleted,
        "organization_id": benefit.organization,
    })
}
