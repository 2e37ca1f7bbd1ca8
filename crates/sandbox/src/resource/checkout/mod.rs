//! Checkout sessions: from an offer to a paid purchase.

mod announce;
mod buyer;
mod challenge;
mod change;
mod choice;
mod complete;
mod confirm;
mod create;
mod customer;
mod discount;
mod expire;
mod get;
mod link;
mod list;
mod needs;
mod number;
mod offer;
mod opened;
mod rebill;
mod render;
mod update;
mod watch;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::billing::{Address, Bill, Cycle};
use crate::call::Handler;
use crate::render::plain;
use crate::resource::customer::{Customer, TaxId};
use crate::resource::discount::Discount;
use crate::resource::order::Order;
use crate::resource::organization::Organization;
use crate::resource::payment_method::Card;
use crate::resource::price::Price;
use crate::resource::product::Product;
use crate::resource::subscription::Subscription;
use crate::world::{Id, found_by};

pub(crate) use challenge::{challenge, note_decline, reopen};
pub(crate) use complete::run as complete;
pub(crate) use expire::run as expire;
pub(crate) use link::{Opening, Wishes, check_products, open_from_link, product_of_price};
pub(crate) use render::{render, render_public};
pub(crate) use watch::{Signal, Watchers, delivered};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("checkouts:client_confirm", confirm::handle),
    ("checkouts:client_get", get::client),
    ("checkouts:client_opened", opened::handle),
    ("checkouts:client_stream", opened::stream),
    ("checkouts:client_update", update::client),
    ("checkouts:create", create::handle),
    ("checkouts:get", get::handle),
    ("checkouts:list", list::handle),
    ("checkouts:update", update::handle),
];

/// One session.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "Polar's own list of switches, as it stands on the wire"
)]
pub(crate) struct Checkout {
    pub(crate) id: Id<Self>,
    pub(crate) organization: Id<Organization>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) status: CheckoutStatus,
    pub(crate) client_secret: String,
    pub(crate) expires_at: Timestamp,
    pub(crate) success_url: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) embed_origin: Option<String>,
    /// Each product on offer with its prices.
    pub(crate) offers: Vec<Offer>,
    /// The product that is selected.
    pub(crate) product: Id<Product>,
    pub(crate) currency: String,
    /// What the buyer wants to pay, for prices that leave it open.
    pub(crate) chosen_amount: Option<i64>,
    pub(crate) seats: Option<i64>,
    pub(crate) min_seats: Option<i64>,
    pub(crate) max_seats: Option<i64>,
    #[serde(default)]
    pub(crate) units: Option<i64>,
    #[serde(default)]
    pub(crate) min_units: Option<i64>,
    #[serde(default)]
    pub(crate) max_units: Option<i64>,
    /// Kept up to date with everything it depends on.
    pub(crate) bill: Bill,
    pub(crate) discount: Option<Id<Discount>>,
    pub(crate) allow_discount_codes: bool,
    pub(crate) require_billing_address: bool,
    pub(crate) allow_trial: bool,
    pub(crate) trial: Option<Cycle>,
    pub(crate) trial_end: Option<Timestamp>,
    pub(crate) buyer: Buyer,
    pub(crate) customer: Option<Id<Customer>>,
    /// The customer was found by the e-mail that the buyer typed in.
    pub(crate) matched_by_email: bool,
    pub(crate) external_customer_id: Option<String>,
    pub(crate) customer_metadata: Map<String, Value>,
    /// A free subscription that this purchase upgrades.
    pub(crate) upgrades: Option<Id<Subscription>>,
    /// The subscription this purchase made or upgraded.
    pub(crate) subscription: Option<Id<Subscription>>,
    /// The order this purchase wrote.
    #[serde(default)]
    pub(crate) order: Option<Id<Order>>,
    /// When its page was first looked at.
    #[serde(default)]
    pub(crate) opened_at: Option<Timestamp>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) custom_field_data: Map<String, Value>,
    pub(crate) payment_method_type: Option<String>,
    /// The card that confirmed it, until the payment is settled.
    pub(crate) card: Option<Card>,
    /// The intent's status as the payment processor shows it.
    pub(crate) intent_status: Option<String>,
    pub(crate) intent_secret: Option<String>,
}

found_by!(Checkout: organization, customer, client_secret);

/// A product on offer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Offer {
    pub(crate) product: Id<Product>,
    pub(crate) prices: Vec<Id<Price>>,
}

/// What the buyer said about themselves.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Buyer {
    pub(crate) is_business: bool,
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) ip_address: Option<String>,
    pub(crate) billing_name: Option<String>,
    pub(crate) billing_address: Option<Address>,
    pub(crate) tax_id: Option<TaxId>,
    pub(crate) locale: Option<String>,
}

/// How a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CheckoutStatus {
    Open,
    Expired,
    Confirmed,
    Succeeded,
}

plain!(CheckoutStatus);

impl CheckoutStatus {
    /// Polar's word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Expired => "expired",
            Self::Confirmed => "confirmed",
            Self::Succeeded => "succeeded",
        }
    }
}
