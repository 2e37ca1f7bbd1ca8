//! A licence key: what a customer types into a program to prove the purchase.

mod activate;
mod check;
mod issue;
mod read;
mod render;
mod rotate;
mod update;
mod validate;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use issue::{follow, grant, revoke};
pub(crate) use read::{list_rows, with_activations};
pub(crate) use render::render;
pub(crate) use rotate::rotate;

use crate::call::Handler;
use crate::render::plain;
use crate::resource::benefit::Benefit;
use crate::resource::customer::Customer;
use crate::resource::member::Member;
use crate::resource::organization::Organization;
use crate::world::{Id, found_by};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("license_keys:list", read::list),
    ("license_keys:get", read::get),
    ("license_keys:get_activation", read::activation),
    ("license_keys:update", update::handle),
    ("license_keys:rotate", rotate::by_seller),
    ("license_keys:validate", validate::by_seller),
    ("license_keys:activate", activate::by_seller),
    ("license_keys:deactivate", activate::undo_by_seller),
    ("customer_portal:license_keys:validate", validate::by_anyone),
    ("customer_portal:license_keys:activate", activate::by_anyone),
    (
        "customer_portal:license_keys:deactivate",
        activate::undo_by_anyone,
    ),
];

/// One row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LicenseKey {
    pub(crate) id: Id<Self>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) organization: Id<Organization>,
    pub(crate) customer: Id<Customer>,
    pub(crate) member: Option<Id<Member>>,
    pub(crate) benefit: Id<Benefit>,
    pub(crate) key: String,
    pub(crate) status: Status,
    pub(crate) limit_activations: Option<i64>,
    pub(crate) usage: i64,
    pub(crate) limit_usage: Option<i64>,
    pub(crate) validations: i64,
    pub(crate) last_validated_at: Option<Timestamp>,
    pub(crate) expires_at: Option<Timestamp>,
    /// Live ones; a deactivated one is forgotten.
    pub(crate) activations: Vec<Activation>,
}

found_by!(LicenseKey: organization, customer, key);

/// How a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Granted,
    Revoked,
    /// Switched off by the seller; the benefit stays granted.
    Disabled,
}

plain!(Status);

/// One place where the key is in use.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Activation {
    pub(crate) id: Id<Self>,
    pub(crate) created_at: Timestamp,
    pub(crate) label: String,
    pub(crate) meta: Map<String, Value>,
    /// What a validation of this activation must repeat; never shown.
    pub(crate) conditions: Map<String, Value>,
}

impl LicenseKey {
    /// The key with all but its end hidden.
    pub(crate) fn display_key(&self) -> String {
        let shown = self.key.len().saturating_sub(6);
        format!("****-{}", self.key.get(shown..).unwrap_or_default())
    }
}

impl Status {
    /// The word on the wire.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Revoked => "revoked",
            Self::Disabled => "disabled",
        }
    }
}
