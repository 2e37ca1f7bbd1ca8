//! Changing an open session: what its seller and its buyer may say about it.

use polarkit_model::Patch;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::Checkout;
use super::choice;
use crate::billing::{AddressInput, Interval};
use crate::failure::{Failure, Flaw};
use crate::resource::custom_field;
use crate::resource::customer::{self, filled};
use crate::resource::discount::Discount;
use crate::resource::price::Price;
use crate::resource::product::{self, Product};
use crate::world::{Id, World};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The seller, making the session.
    Creator,
    /// The seller, later.
    Seller,
    /// The buyer, whoever holds the secret.
    Buyer,
}

/// Three states: nothing said, cleared, set.
type Said<T> = Option<Option<T>>;

/// Everything that may be said of a session. Each party's own fields are heeded from that party alone.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Changes {
    #[serde(default)]
    pub(super) product_id: Option<Id<Product>>,
    #[serde(default)]
    pub(super) product_price_id: Option<Id<Price>>,
    #[serde(default)]
    pub(super) amount: Patch<i64>,
    #[serde(default)]
    pub(super) seats: Option<i64>,
    #[serde(default)]
    custom_field_data: Option<Map<String, Value>>,
    #[serde(default)]
    is_business_customer: Option<bool>,
    #[serde(default, deserialize_with = "said")]
    customer_name: Said<String>,
    #[serde(default, deserialize_with = "said")]
    customer_email: Said<String>,
    #[serde(default, deserialize_with = "said")]
    customer_billing_name: Said<String>,
    #[serde(default, deserialize_with = "said")]
    customer_billing_address: Said<AddressInput>,
    #[serde(default, deserialize_with = "said")]
    customer_tax_id: Said<String>,
    #[serde(default)]
    allow_trial: Option<bool>,
    // The buyer's own.
    #[serde(default)]
    payment_method_type: Option<String>,
    #[serde(default, deserialize_with = "said")]
    pub(super) discount_code: Said<String>,
    // The seller's own.
    #[serde(default, deserialize_with = "said")]
    pub(super) discount_id: Said<Id<Discount>>,
    #[serde(default, deserialize_with = "said")]
    pub(super) trial_interval: Said<Interval>,
    #[serde(default, deserialize_with = "said")]
    pub(super) trial_interval_count: Said<i64>,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
    #[serde(default)]
    customer_metadata: Option<Map<String, Value>>,
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    allow_discount_codes: Option<bool>,
    #[serde(default)]
    require_billing_address: Option<bool>,
    #[serde(default, deserialize_with = "said")]
    customer_ip_address: Said<String>,
    #[serde(default, deserialize_with = "said")]
    success_url: Said<String>,
    #[serde(default, deserialize_with = "said")]
    return_url: Said<String>,
    #[serde(default, deserialize_with = "said")]
    embed_origin: Said<String>,
}

fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Said<T>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Writes the changes into the session and brings its sums up to date.
pub(super) fn apply(
    world: &World,
    checkout: &mut Checkout,
    mut changes: Changes,
    by: By,
) -> Result<(), Failure> {
    if let Some(currency) = changes.currency.take().filter(|_| by == By::Seller) {
        checkout.currency = choice::currency(world, checkout, &currency)?;
    }
    if by != By::Creator {
        choice::product(
            world,
            checkout,
            changes.product_id,
            changes.product_price_id,
        )?;
    }
    choice::amount(world, checkout, changes.amount)?;
    choice::seats(world, checkout, changes.seats)?;
    if let Some(sent) = changes.custom_field_data.take() {
        answer(world, checkout, &sent)?;
    }
    if let Some(allow) = changes.allow_trial {
        checkout.allow_trial = allow && (by != By::Buyer || checkout.allow_trial);
    }
    describe_buyer(checkout, &mut changes, by)?;
    if by == By::Buyer {
        if let Some(code) = changes.discount_code {
            choice::discount_code(world, checkout, code)?;
        }
        checkout.payment_method_type = changes
            .payment_method_type
            .or(checkout.payment_method_type.take());
    } else {
        if let Some(id) = changes.discount_id {
            choice::discount_id(world, checkout, id)?;
        }
        arrange(checkout, changes, by)?;
    }
    if by != By::Creator {
        choice::one_subscription(world, checkout)?;
    }
    checkout.rebill(world);
    Ok(())
}

/// Gives a product with seats its fewest seats, others none.
pub(super) fn reset_seats(world: &World, checkout: &mut Checkout) {
    let prices = checkout.prices(world);
    let tiers = prices.iter().find_map(|price| price.tiers());
    checkout.seats = tiers.map(|tiers| checkout.min_seats.unwrap_or_else(|| tiers.minimum()));
}

fn answer(
    world: &World,
    checkout: &mut Checkout,
    sent: &Map<String, Value>,
) -> Result<(), Failure> {
    let Some(product) = checkout.product_row(world) else {
        return Ok(());
    };
    checkout.custom_field_data =
        custom_field::checked(world, &product.custom_fields, sent).map_err(Failure::Refused)?;
    Ok(())
}

fn describe_buyer(checkout: &mut Checkout, changes: &mut Changes, by: By) -> Result<(), Failure> {
    let known = checkout.customer.is_some();
    let full = checkout.buyer.billing_address.clone();
    let buyer = &mut checkout.buyer;
    buyer.is_business = changes.is_business_customer.unwrap_or(buyer.is_business);
    if let Some(name) = changes.customer_name.take() {
        buyer.name = filled(name);
    }
    // A known customer's e-mail is not for the buyer to change.
    if let Some(email) = changes.customer_email.take().filter(|_| !known) {
        buyer.email = filled(email);
    }
    if let Some(name) = changes.customer_billing_name.take() {
        buyer.billing_name = filled(name);
    }
    if let Some(address) = changes.customer_billing_address.take() {
        buyer.billing_address = address.map(AddressInput::kept);
    }
    if let Some(text) = changes.customer_tax_id.take() {
        buyer.tax_id = match filled(text) {
            None => None,
            Some(text) => {
                let address = buyer.billing_address.as_ref();
                let found = customer::tax_id(address, &text, "customer_");
                Some(found.map_err(|flaw| Failure::refused(*flaw))?)
            }
        };
    }
    if by == By::Creator && buyer.billing_address != full {
        // A seller who knows the whole address wants it kept.
        let address = buyer.billing_address.as_ref();
        let whole = address.is_some_and(|address| {
            let abroad = !matches!(address.country.as_str(), "US" | "CA");
            address.is_full() || (abroad && address.state.is_some())
        });
        checkout.require_billing_address |= whole;
    }
    Ok(())
}

/// The seller's own fields.
fn arrange(checkout: &mut Checkout, changes: Changes, by: By) -> Result<(), Failure> {
    if by == By::Seller {
        let mut interval = checkout.trial.map(|trial| trial.interval);
        let mut count = checkout.trial.map(|trial| trial.count);
        interval = changes.trial_interval.unwrap_or(interval);
        count = changes.trial_interval_count.unwrap_or(count);
        checkout.trial = product::pair("trial", interval, count)?;
        if let Some(metadata) = changes.metadata {
            checkout.metadata = metadata;
        }
        if let Some(metadata) = changes.customer_metadata {
            checkout.customer_metadata = metadata;
        }
    }
    checkout.allow_discount_codes = changes
        .allow_discount_codes
        .unwrap_or(checkout.allow_discount_codes);
    checkout.require_billing_address |= changes.require_billing_address.unwrap_or(false);
    if by == By::Seller && changes.require_billing_address == Some(false) {
        checkout.require_billing_address = false;
    }
    set(&mut checkout.buyer.ip_address, changes.customer_ip_address);
    set(&mut checkout.success_url, changes.success_url);
    set(&mut checkout.return_url, changes.return_url);
    set(&mut checkout.embed_origin, changes.embed_origin);
    Ok(())
}

fn set(field: &mut Option<String>, said: Said<String>) {
    if let Some(value) = said {
        *field = value;
    }
}

/// A refusal at one field of the body.
pub(super) fn refused(field: &str, message: &str, input: impl Into<Value>) -> Failure {
    Failure::refused(Flaw::field(field, message, input))
}
