//! Whose purchase it is: a customer known by id, by the seller's id, by e-mail, or a new one.

use super::Checkout;
use crate::failure::Failure;
use crate::resource::customer::{self, Customer, CustomerKind, NewCustomer};
use crate::world::{Id, World};

/// How the buyer was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Buying {
    /// By an id that the seller gave.
    Known(Id<Customer>),
    /// By the e-mail they typed in, which proves nothing.
    ByEmail(Id<Customer>),
    /// Not at all.
    New,
}

impl Buying {
    /// The customer, if there is one already.
    pub(super) const fn known(self) -> Option<Id<Customer>> {
        match self {
            Self::Known(id) | Self::ByEmail(id) => Some(id),
            Self::New => None,
        }
    }

    /// True when only the e-mail tells who it is.
    pub(super) const fn by_email(self) -> bool {
        matches!(self, Self::ByEmail(_))
    }
}

/// Recognises the buyer.
pub(super) fn find(world: &World, checkout: &Checkout) -> Result<Buying, Failure> {
    let organization = checkout.organization;
    if let Some(id) = checkout.customer {
        if world.customer(organization, id).is_none() {
            let detail = "The customer of this checkout has been deleted.";
            return Err(Failure::named(409, "CheckoutCustomerDeleted", detail));
        }
        let by_email = checkout.matched_by_email;
        return Ok(if by_email {
            Buying::ByEmail(id)
        } else {
            Buying::Known(id)
        });
    }
    let wanted = checkout.external_customer_id.as_deref();
    let by_external_id = wanted.and_then(|id| world.customer_by_external_id(organization, id));
    if let Some(known) = by_external_id {
        return Ok(Buying::Known(known.id));
    }
    let email = checkout.buyer.email.as_deref();
    let Some(known) = email.and_then(|email| world.customer_by_email(organization, email)) else {
        return Ok(Buying::New);
    };
    if wanted.is_some() && known.external_id.is_some() {
        let detail = "The customer with this email address has another external ID.";
        return Err(Failure::named(
            422,
            "CheckoutCustomerExternalIdMismatch",
            detail,
        ));
    }
    Ok(Buying::ByEmail(known.id))
}

/// Makes the customer, or brings a known one up to date with what the buyer said.
pub(super) fn settle(world: &mut World, checkout: &Checkout, buying: Buying) -> Id<Customer> {
    let buyer = checkout.buyer.clone();
    let Some(id) = buying.known() else {
        return customer::add(
            world,
            NewCustomer {
                organization: checkout.organization,
                kind: CustomerKind::Individual,
                email: buyer.email,
                external_id: checkout.external_customer_id.clone(),
                name: buyer.name,
                billing_name: buyer.billing_name,
                billing_address: buyer.billing_address,
                tax_id: buyer.tax_id,
                locale: buyer.locale,
                metadata: checkout.customer_metadata.clone(),
                owner: None,
            },
        );
    };
    if let Some(row) = world.customers.find_mut(id) {
        row.name = row.name.take().or(buyer.name);
        row.billing_name = buyer.billing_name.or_else(|| row.billing_name.take());
        row.billing_address = buyer.billing_address.or_else(|| row.billing_address.take());
        row.tax_id = buyer.tax_id.or_else(|| row.tax_id.take());
        row.locale = buyer.locale.or_else(|| row.locale.take());
        row.external_id = row
            .external_id
            .take()
            .or_else(|| checkout.external_customer_id.clone());
        row.metadata.extend(checkout.customer_metadata.clone());
    }
    customer::touch(world, id);
    id
}
