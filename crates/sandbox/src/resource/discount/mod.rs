//! Discounts: money off, by code or by hand, within limits.

mod check;
mod create;
mod delete;
mod get;
mod list;
mod render;
mod rules;
mod update;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::call::Handler;
use crate::resource::checkout::Checkout;
use crate::resource::customer::Customer;
use crate::resource::organization::Organization;
use crate::resource::product::Product;
use crate::resource::subscription::Subscription;
use crate::world::{Id, found_by};

pub(crate) use render::{render, render_base, render_public};
pub(crate) use rules::{counts, is_applicable, plain_email};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("discounts:create", create::handle),
    ("discounts:delete", delete::handle),
    ("discounts:get", get::handle),
    ("discounts:list", list::handle),
    ("discounts:update", update::handle),
];

/// One discount.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Discount {
    pub(crate) id: Id<Self>,
    pub(crate) organization: Id<Organization>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) deleted_at: Option<Timestamp>,
    pub(crate) name: String,
    pub(crate) code: Option<String>,
    pub(crate) worth: Worth,
    pub(crate) duration: Duration,
    pub(crate) starts_at: Option<Timestamp>,
    pub(crate) ends_at: Option<Timestamp>,
    pub(crate) max_redemptions: Option<i64>,
    pub(crate) max_redemptions_per_customer: Option<i64>,
    /// Where it may be used; empty means everywhere.
    pub(crate) products: Vec<Id<Product>>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) redemptions: Vec<Redemption>,
}

found_by!(Discount: organization);

/// How much it takes off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Worth {
    /// An amount for each currency.
    Fixed(BTreeMap<String, i64>),
    /// Basis points.
    Percentage(i64),
}

/// For how long a subscription keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Duration {
    Once,
    Forever,
    /// For so many months.
    Repeating(i64),
}

impl Duration {
    /// Polar's word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Forever => "forever",
            Self::Repeating(_) => "repeating",
        }
    }
}

/// One use of the discount.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Redemption {
    pub(crate) checkout: Option<Id<Checkout>>,
    pub(crate) subscription: Option<Id<Subscription>>,
    pub(crate) customer: Option<Id<Customer>>,
    /// In lower case, without what follows a plus sign.
    pub(crate) email: Option<String>,
}
