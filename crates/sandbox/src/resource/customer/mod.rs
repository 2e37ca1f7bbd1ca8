//! Customers: who bought, or may buy.

mod add;
mod announce;
mod create;
mod delete;
mod export;
mod find;
mod get;
mod list;
mod payment_methods;
mod render;
mod rules;
mod update;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::billing::Address;
use crate::call::Handler;
use crate::render::plain;
use crate::resource::organization::Organization;
use crate::resource::payment_method::PaymentMethod;
use crate::world::{Field, Id, Key, Row};

pub(crate) use add::{NewCustomer, add};
pub(crate) use announce::{created, deleted, touch, updated};
pub(crate) use delete::end_subscriptions;
pub(crate) use find::{by_external_id, find, get, own};
pub(crate) use render::{render, render_portal, render_user};
pub(crate) use rules::{email_flaw, filled, retax, tax_id};
pub(crate) use update::become_team;

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("customers:create", create::handle),
    ("customers:delete", delete::handle),
    ("customers:delete_external", delete::handle),
    ("customers:export", export::handle),
    ("customers:get", get::handle),
    ("customers:get_external", get::handle),
    ("customers:list", list::handle),
    ("customers:list_payment_methods", payment_methods::handle),
    (
        "customers:list_payment_methods_external",
        payment_methods::handle,
    ),
    ("customers:update", update::handle),
    ("customers:update_external", update::handle),
];

/// One customer of one organization.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Customer {
    pub(crate) id: Id<Self>,
    pub(crate) organization: Id<Organization>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) deleted_at: Option<Timestamp>,
    pub(crate) kind: CustomerKind,
    /// A team may have none.
    pub(crate) email: Option<String>,
    pub(crate) email_verified: bool,
    pub(crate) external_id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) billing_name: Option<String>,
    pub(crate) billing_address: Option<Address>,
    pub(crate) tax_id: Option<TaxId>,
    pub(crate) locale: Option<String>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) default_payment_method: Option<Id<PaymentMethod>>,
    pub(crate) first_user_event_at: Option<Timestamp>,
    /// Eight letters in the numbers of invoices and receipts.
    pub(crate) short_id: String,
    pub(crate) invoices: u32,
    pub(crate) receipts: u32,
    /// Money the seller owes (positive) or is owed (negative) from earlier orders, by currency.
    pub(crate) balances: BTreeMap<String, i64>,
}

/// A deleted customer is found by its id alone. E-mails are compared in lower case.
impl Row for Customer {
    fn id(&self) -> Id<Self> {
        self.id
    }

    fn keys(&self) -> impl Iterator<Item = Key> {
        let email = self.email.as_ref().map(|email| email.to_lowercase());
        let keys = [self.organization.key(), email.key(), self.external_id.key()];
        let living = self.deleted_at.is_none();
        keys.into_iter().flatten().filter(move |_| living)
    }
}

/// A person, or people with seats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CustomerKind {
    #[default]
    Individual,
    Team,
}

plain!(CustomerKind);

/// A tax number and its kind; shown as a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TaxId(pub(crate) String, pub(crate) String);

plain!(TaxId);
