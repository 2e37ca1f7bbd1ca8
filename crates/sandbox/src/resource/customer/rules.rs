//! What must be unique, and what a tax number must look like.

use polarkit_model::Patch;
use serde_json::Value;

use super::{Customer, TaxId};
use crate::billing::{self, Address};
use crate::failure::Flaw;
use crate::resource::organization::Organization;
use crate::world::{Id, World};

/// An e-mail that another customer has.
pub(crate) fn email_flaw(
    world: &World,
    organization: Id<Organization>,
    own: Option<Id<Customer>>,
    email: &str,
) -> Option<Flaw> {
    let holder = world.customer_by_email(organization, email)?;
    let message = "A customer with this email address already exists.";
    (Some(holder.id) != own).then(|| Flaw::field("email", message, email))
}

/// An external id that another customer has.
pub(super) fn external_id_flaw(
    world: &World,
    organization: Id<Organization>,
    own: Option<Id<Customer>>,
    external_id: &str,
) -> Option<Flaw> {
    let holder = world.customer_by_external_id(organization, external_id)?;
    let message = "A customer with this external ID already exists.";
    (Some(holder.id) != own).then(|| Flaw::field("external_id", message, external_id))
}

/// The tax number for whoever lives at `address`. `prefix` is put before the names of fields.
pub(crate) fn tax_id(
    address: Option<&Address>,
    text: &str,
    prefix: &str,
) -> Result<TaxId, Box<Flaw>> {
    let Some(address) = address else {
        return Err(Box::new(Flaw::body(
            "missing",
            [Value::from(format!("{prefix}billing_address"))],
            "Country is required to validate tax ID.",
            Value::Null,
        )));
    };
    billing::tax_id(&address.country, text)
        .map(|(number, kind)| TaxId(number, kind))
        .ok_or_else(|| {
            // Checkouts and customers have a word of their own for it.
            let kind = if prefix.is_empty() {
                "invalid"
            } else {
                "value_error"
            };
            let place = [Value::from(format!("{prefix}tax_id"))];
            Box::new(Flaw::body(kind, place, "Invalid tax ID.", text))
        })
}

/// Gives the row its new tax number, none, or (where another address was sent) its old one once more, as
/// far as the address allows.
pub(crate) fn retax(row: &mut Customer, sent: Patch<String>, moved: bool) -> Result<(), Box<Flaw>> {
    let text = match sent.sent().map(filled) {
        Some(text) => text,
        None if moved => row.tax_id.as_ref().map(|tax_id| tax_id.0.clone()),
        None => return Ok(()),
    };
    let address = row.billing_address.as_ref();
    row.tax_id = text.map(|text| tax_id(address, &text, "")).transpose()?;
    Ok(())
}

/// Text, unless there is nothing in it.
pub(crate) fn filled(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}
