//! Changing an open session: what its seller and its buyer may say about it.

use polarkit_model::Patch;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::Checkout;
use super::choice::{self, Selection};
use super::{buyer, discount, number};
use crate::billing::{AddressInput, Interval};
use crate::failure::{Failure, Flaw};
use crate::resource::custom_field;
use crate::resource::discount::Discount;
use crate::resource::organization::Organization;
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
    /// The buyer, who wants to pay now.
    Payer,
}

impl By {
    /// True for whoever holds the session's secret.
    pub(super) const fn is_buyer(self) -> bool {
        matches!(self, Self::Buyer | Self::Payer)
    }
}

/// Three states: nothing said, cleared, set.
pub(super) type Said<T> = Option<Option<T>>;

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
    pub(super) units: Option<i64>,
    #[serde(default)]
    custom_field_data: Option<Map<String, Value>>,
    #[serde(flatten)]
    pub(super) buyer: buyer::Changes,
    #[serde(default)]
    allow_trial: Option<bool>,
    // The buyer's own.
    #[serde(default, deserialize_with = "said")]
    payment_method_type: Said<String>,
    #[serde(default, deserialize_with = "said")]
    discount_code: Said<String>,
    // The seller's own.
    #[serde(default, deserialize_with = "said")]
    discount_id: Said<Id<Discount>>,
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

/// Reads a field that is there, be it null.
pub(super) fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Said<T>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// The address as it is sent; null says nothing.
pub(super) type AddressSaid = Option<AddressInput>;

/// Writes the changes into the session and brings its sums up to date.
pub(super) fn apply(
    world: &World,
    checkout: &mut Checkout,
    mut changes: Changes,
    by: By,
) -> Result<(), Failure> {
    if by != By::Creator {
        let currency = changes.currency.take().filter(|_| by == By::Seller);
        let selection = Selection {
            product: changes.product_id,
            price: changes.product_price_id,
            currency,
        };
        choice::select(world, checkout, selection, (changes.seats, changes.units))?;
    }
    choice::amount(world, checkout, changes.amount)?;
    number::order(world, checkout, changes.seats, changes.units)?;
    if by.is_buyer() {
        if let Some(code) = changes.discount_code.take() {
            discount::by_code(world, checkout, code)?;
        }
    } else if let Some(id) = changes.discount_id.take() {
        discount::by_id(world, checkout, id)?;
    }
    let clears_billing_name = buyer::bill_to(checkout, &mut changes.buyer)?;
    answer(world, checkout, changes.custom_field_data.take(), by)?;
    buyer::describe(checkout, std::mem::take(&mut changes.buyer), by);
    if clears_billing_name {
        checkout.buyer.billing_name = None;
    }
    if !speaks_languages(world, checkout.organization) {
        checkout.buyer.locale = Some("en".to_owned());
    }
    if let Some(allow) = changes.allow_trial {
        checkout.allow_trial = allow && (!by.is_buyer() || checkout.allow_trial);
    }
    if by.is_buyer() {
        set(
            &mut checkout.payment_method_type,
            changes.payment_method_type,
        );
    } else {
        arrange(checkout, changes, by)?;
    }
    if by == By::Buyer {
        discount::check_limit(world, checkout, None)?;
    }
    if by != By::Creator {
        choice::one_subscription(world, checkout)?;
    }
    checkout.rebill(world);
    if by != By::Creator {
        checkout.forget_what_is_not_asked(world);
        checkout.rebill(world);
    }
    Ok(())
}

fn answer(
    world: &World,
    checkout: &mut Checkout,
    sent: Option<Map<String, Value>>,
    by: By,
) -> Result<(), Failure> {
    let Some(product) = checkout.product_row(world) else {
        return Ok(());
    };
    let complete = by == By::Payer;
    if sent.is_none() && !complete {
        return Ok(());
    }
    let sent = sent.unwrap_or_default();
    let answers = custom_field::checked(world, &product.custom_fields, &sent, complete)
        .map_err(Failure::Refused)?;
    if complete {
        checkout.custom_field_data = answers;
    } else {
        checkout.custom_field_data.extend(answers);
    }
    Ok(())
}

fn speaks_languages(world: &World, organization: Id<Organization>) -> bool {
    let row = world.organizations.find(organization);
    row.is_some_and(|row| row.features.checkout_localization_enabled)
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
    match changes.require_billing_address {
        // What a whole address has made necessary at the beginning stays so.
        Some(required) if by == By::Creator => checkout.require_billing_address |= required,
        Some(required) => checkout.require_billing_address = required,
        None => {}
    }
    set(&mut checkout.buyer.ip_address, changes.customer_ip_address);
    set(&mut checkout.success_url, changes.success_url);
    set(&mut checkout.return_url, changes.return_url);
    set(&mut checkout.embed_origin, changes.embed_origin);
    Ok(())
}

/// Heeds what was said of a field.
pub(super) fn set<T>(field: &mut Option<T>, said: Said<T>) {
    if let Some(value) = said {
        *field = value;
    }
}

/// A refusal at one field of the body.
pub(super) fn refused(field: &str, message: &str, input: impl Into<Value>) -> Failure {
    Failure::refused(Flaw::field(field, message, input))
}
