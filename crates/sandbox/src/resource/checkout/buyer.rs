//! What is said of the buyer: names, e-mail, address, tax number.

use serde::Deserialize;

use super::change::{AddressSaid, By, Said, said, set};
use super::{Buyer, Checkout};
use crate::billing::Address;
use crate::failure::Failure;
use crate::resource::customer::{self, Customer, CustomerKind, filled};
use crate::resource::member;
use crate::world::World;

/// What may be said of a buyer.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Changes {
    #[serde(default)]
    pub(super) is_business_customer: Option<bool>,
    #[serde(default, deserialize_with = "said")]
    customer_name: Said<String>,
    #[serde(default, deserialize_with = "said")]
    customer_email: Said<String>,
    #[serde(default, deserialize_with = "said")]
    customer_billing_name: Said<String>,
    #[serde(default)]
    customer_billing_address: AddressSaid,
    #[serde(default, deserialize_with = "said")]
    customer_tax_id: Said<String>,
    #[serde(default, deserialize_with = "said")]
    locale: Said<String>,
}

/// Heeds the address and the tax number, which must fit each other. True when the name of a business is to
/// be forgotten because there is none.
pub(super) fn bill_to(checkout: &mut Checkout, changes: &mut Changes) -> Result<bool, Failure> {
    let buyer = &mut checkout.buyer;
    if let Some(address) = changes.customer_billing_address.take() {
        buyer.billing_address = Some(address.kept());
    }
    let no_business = changes.is_business_customer == Some(false);
    let said = changes.customer_tax_id.take().map(filled);
    if no_business || said == Some(None) {
        buyer.tax_id = None;
        return Ok(no_business);
    }
    let known = || buyer.tax_id.as_ref().map(|tax_id| tax_id.0.clone());
    if let Some(text) = said.flatten().or_else(known) {
        let address = buyer.billing_address.as_ref();
        let found = customer::tax_id(address, &text, "customer_");
        buyer.tax_id = Some(found.map_err(|flaw| Failure::refused(*flaw))?);
    }
    Ok(false)
}

/// Heeds the rest.
pub(super) fn describe(checkout: &mut Checkout, changes: Changes, by: By) {
    let known = checkout.customer.is_some();
    let buyer = &mut checkout.buyer;
    buyer.is_business = changes.is_business_customer.unwrap_or(buyer.is_business);
    set(&mut buyer.name, changes.customer_name.map(filled));
    // A known customer's e-mail is not for anybody to change.
    if by == By::Creator || !known {
        set(&mut buyer.email, changes.customer_email.map(filled));
    }
    let billing_name = changes.customer_billing_name.map(filled);
    set(&mut buyer.billing_name, billing_name);
    set(&mut buyer.locale, changes.locale);
    if by == By::Creator {
        // A seller who knows more than the country wants it kept.
        let address = buyer.billing_address.as_ref();
        checkout.require_billing_address |= address.is_some_and(is_more_than_needed);
    }
}

fn is_more_than_needed(address: &Address) -> bool {
    let abroad = !matches!(address.country.as_str(), "US" | "CA");
    address.has_lines() || (abroad && address.state.is_some())
}

/// Fills in what the seller did not say of a customer they know.
pub(super) fn prefill(world: &World, buyer: &mut Buyer, known: &Customer, business_said: bool) {
    let team = known.kind == CustomerKind::Team;
    if !team {
        buyer.name = buyer.name.take().or_else(|| known.name.clone());
    }
    buyer.email = buyer.email.take().or_else(|| known.email.clone());
    if team && buyer.email.is_none() {
        buyer.email = member::owner(world, known.id).map(|row| row.email.clone());
    }
    let (name, address) = (&known.billing_name, &known.billing_address);
    buyer.billing_name = buyer.billing_name.take().or_else(|| name.clone());
    buyer.billing_address = buyer.billing_address.take().or_else(|| address.clone());
    buyer.tax_id = buyer.tax_id.take().or_else(|| known.tax_id.clone());
    buyer.locale = buyer.locale.take().or_else(|| known.locale.clone());
    let business = name.is_some() && address.as_ref().is_some_and(Address::has_lines);
    buyer.is_business |= business && !business_said;
}
