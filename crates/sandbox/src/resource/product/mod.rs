//! Products: what is sold, once or by subscription.

mod create;
mod get;
mod list;
mod render;
mod rules;
mod update;
mod update_benefits;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::billing::Cycle;
use crate::call::Handler;
use crate::render::plain;
use crate::resource::benefit::Benefit;
use crate::resource::custom_field::CustomField;
use crate::resource::file::File;
use crate::resource::organization::Organization;
use crate::resource::price::Price;
use crate::world::{Id, found_by};

pub(crate) use render::{render, render_brief, render_offer, render_prices};
pub(crate) use rules::pair;

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("products:create", create::handle),
    ("products:get", get::handle),
    ("products:list", list::handle),
    ("products:update", update::handle),
    ("products:update_benefits", update_benefits::handle),
];

/// One product.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Product {
    pub(crate) id: Id<Self>,
    pub(crate) organization: Id<Organization>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) visibility: Visibility,
    pub(crate) archived: bool,
    /// How often it is billed; `None` when it is bought once.
    pub(crate) cycle: Option<Cycle>,
    pub(crate) meter_cycle: Option<Cycle>,
    pub(crate) trial: Option<Cycle>,
    /// The prices of the catalogue, without archived ones.
    pub(crate) prices: Vec<Id<Price>>,
    /// What buyers get, in the order in which they are shown.
    pub(crate) benefits: Vec<Id<Benefit>>,
    /// Its pictures.
    #[serde(default)]
    pub(crate) medias: Vec<Id<File>>,
    pub(crate) custom_fields: Vec<AttachedField>,
    pub(crate) metadata: Map<String, Value>,
}

found_by!(Product: organization);

/// Who may see and buy it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Visibility {
    #[default]
    Public,
    Private,
    Draft,
}

plain!(Visibility);

impl Visibility {
    /// Polar's word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Draft => "draft",
        }
    }
}

/// A question put to buyers of the product.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AttachedField {
    pub(crate) custom_field_id: Id<CustomField>,
    pub(crate) required: bool,
}
