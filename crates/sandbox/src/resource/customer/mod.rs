//! Customers: who bought, or may buy.

mod find;
mod render;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use find::{by_external_id, find, get};
pub(crate) use render::{render, render_portal};

use crate::billing::Address;
use crate::call::Handler;
use crate::resource::organization::Organization;
use crate::resource::payment_method::PaymentMethod;
use crate::world::Id;

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[];

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
    pub(crate) balances: std::collections::BTreeMap<String, i64>,
}

/// A person, or people with seats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CustomerKind {
    #[default]
    Individual,
    Team,
}

/// A tax number and its kind; shown as a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TaxId(pub(crate) String, pub(crate) String);
