//! Custom fields: the seller's own questions at checkout.

mod attached;
mod create;
mod data;
mod delete;
mod get;
mod list;
mod update;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::call::Handler;
use crate::render::{Json, object, plain};
use crate::resource::organization::Organization;
use crate::world::{Id, found_by};

pub(crate) use attached::{live, render_attached};
pub(crate) use data::checked;

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("custom-fields:create", create::handle),
    ("custom-fields:delete", delete::handle),
    ("custom-fields:get", get::handle),
    ("custom-fields:list", list::handle),
    ("custom-fields:update", update::handle),
];

/// One question.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CustomField {
    pub(crate) id: Id<Self>,
    pub(crate) organization: Id<Organization>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) deleted_at: Option<Timestamp>,
    pub(crate) kind: FieldKind,
    /// The name of its answer; unique in the organization.
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) properties: Map<String, Value>,
    pub(crate) metadata: Map<String, Value>,
}

found_by!(CustomField: organization);

/// What an answer looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FieldKind {
    Text,
    Number,
    Date,
    Checkbox,
    Select,
}

plain!(FieldKind);

impl FieldKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Date => "date",
            Self::Checkbox => "checkbox",
            Self::Select => "select",
        }
    }
}

/// The field as the API shows it.
pub(crate) fn render(field: &CustomField) -> Json {
    object!({
        "created_at": field.created_at,
        "modified_at": field.modified_at,
        "id": field.id,
        "metadata": field.metadata,
        "type": field.kind,
        "slug": field.slug,
        "name": field.name,
        "organization_id": field.organization,
        "properties": field.properties,
    })
}
