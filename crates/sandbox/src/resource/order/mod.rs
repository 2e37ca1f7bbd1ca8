//! Orders: what was bought, for how much, and whether it is paid.

mod add;
mod amount;
mod announce;
mod document;
mod draft;
mod dunning;
mod export;
mod finalize;
mod get;
mod invoice;
mod list;
#[cfg(test)]
mod money;
mod render;
mod settle;
mod update;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::billing::{Address, Behavior};
use crate::call::Handler;
use crate::render::plain;
use crate::resource::checkout::Checkout;
use crate::resource::customer::Customer;
use crate::resource::discount::Discount;
use crate::resource::organization::Organization;
use crate::resource::price::Price;
use crate::resource::product::Product;
use crate::resource::subscription::Subscription;
use crate::world::{Id, found_by};

pub(crate) use add::{NewOrder, add, item, tax_setting};
pub(crate) use announce::{announce, record};
pub(crate) use document::document;
pub(crate) use dunning::{catch_up, pending_of, run as dun};
pub(crate) use invoice::write as write_invoice;
pub(crate) use render::render;
pub(crate) use settle::{
    Charged, applied_balance, book_fee, charge, charge_card, give_receipt, mark_paid,
    settle_from_balance, spend_credit, void,
};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("orders:create", draft::handle),
    ("orders:export", export::handle),
    ("orders:finalize", finalize::handle),
    ("orders:generate_invoice", invoice::generate),
    ("orders:get", get::handle),
    ("orders:invoice", invoice::address),
    ("orders:list", list::handle),
    ("orders:receipt", invoice::receipt),
    ("orders:update", update::handle),
];

/// One order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: Id<Self>,
    pub(crate) organization: Id<Organization>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) status: OrderStatus,
    pub(crate) reason: BillingReason,
    pub(crate) currency: String,
    pub(crate) items: Vec<OrderItem>,
    pub(crate) discount_amount: i64,
    pub(crate) tax_amount: i64,
    pub(crate) tax_behavior: Option<Behavior>,
    pub(crate) applied_balance: i64,
    pub(crate) refunded_amount: i64,
    pub(crate) refunded_tax: i64,
    /// Unknown until it is booked.
    pub(crate) platform_fee: Option<i64>,
    pub(crate) customer: Id<Customer>,
    pub(crate) product: Option<Id<Product>>,
    pub(crate) discount: Option<Id<Discount>>,
    pub(crate) subscription: Option<Id<Subscription>>,
    pub(crate) checkout: Option<Id<Checkout>>,
    pub(crate) seats: Option<i64>,
    #[serde(default)]
    pub(crate) units: Option<i64>,
    pub(crate) billing_name: Option<String>,
    pub(crate) billing_address: Option<Address>,
    /// None while it is a draft.
    pub(crate) invoice_number: Option<String>,
    pub(crate) invoice_generated: bool,
    /// Whom the invoice that exists names.
    #[serde(default)]
    pub(crate) invoiced_to: Option<(Option<String>, Option<Address>)>,
    pub(crate) receipt_number: Option<String>,
    pub(crate) next_payment_attempt_at: Option<Timestamp>,
    /// How many charges have failed.
    pub(crate) failures: u32,
    /// A refund took the benefits back.
    pub(crate) benefits_revoked: bool,
    /// Polar's staff lets nothing of it go back.
    #[serde(default)]
    pub(crate) refunds_blocked: bool,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) custom_field_data: Map<String, Value>,
}

found_by!(Order: organization, customer, product, subscription, checkout);

/// How an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrderStatus {
    /// Written, to be charged when its seller says so.
    Draft,
    Pending,
    Paid,
    Refunded,
    PartiallyRefunded,
    Void,
}

plain!(OrderStatus);

/// What the bill is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BillingReason {
    Purchase,
    SubscriptionCreate,
    SubscriptionCycle,
    SubscriptionUpdate,
    /// Usage, billed by itself.
    SubscriptionMeterCycle,
    /// What was left to bill when a subscription ended; a cycle, as far as the API tells.
    SubscriptionEnd,
}

/// One line of the bill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OrderItem {
    pub(crate) id: Id<Self>,
    pub(crate) created_at: Timestamp,
    pub(crate) label: String,
    pub(crate) amount: i64,
    pub(crate) proration: bool,
    pub(crate) price: Option<Id<Price>>,
}

impl OrderStatus {
    /// Polar's word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Refunded => "refunded",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Void => "void",
        }
    }
}

impl BillingReason {
    /// Polar's word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::SubscriptionCreate => "subscription_create",
            Self::SubscriptionCycle | Self::SubscriptionEnd => "subscription_cycle",
            Self::SubscriptionMeterCycle => "subscription_meter_cycle",
            Self::SubscriptionUpdate => "subscription_update",
        }
    }
}
