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
            let detail = "The customer associated with this checkout has been deleted.";
            return Err(Failure::named(409, "CheckoutCustomerDeleted", detail));
        }
        let by_email = checkout.matched_by_email;
        return Ok(if by_email {
            Buying::ByEmail(id)
        } else {
            Buying::Known(id)
        });
    }
    let email = checkout.buyer.email.as_deref();
    if let Some(known) = email.and_then(|email| world.customer_by_email(organization, email)) {
        return Ok(Buying::ByEmail(known.id));
    }
    let wanted = checkout.external_customer_id.as_deref();
    let taken = wanted.and_then(|id| world.customer_by_external_id(organization, id));
    if taken.is_none() {
        return Ok(Buying::New);
    }
    let detail =
        "A customer with this external ID already exists but with a different email address.";
    Err(Failure::named(
        422,
        "CheckoutCustomerExternalIdMismatch",
        detail,
    ))
}

/// Makes the customer, or brings a known one up to date with what the buyer said.
pub(super) fn settle(world: &mut World, checkout: &Checkout, buying: Buying) -> Id<Customer> {
    let buyer = checkout.buyer.clone();
    let name = buyer.billing_name.clone().or(buyer.name);
    let Some(id) = buying.known() else {
        return customer::add(
            world,
            NewCustomer {
                organization: checkout.organization,
                kind: CustomerKind::Individual,
                email: buyer.email,
                external_id: checkout.external_customer_id.clone(),
                name,
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
        row.name = row.name.take().or(name);
        row.billing_name = buyer.billing_name.or_else(|| row.billing_name.take());
        row.billing_address = buyer.billing_address.or_else(|| row.billing_address.take());
        row.tax_id = buyer.tax_id.or_else(|| row.tax_id.take());
        row.locale = buyer.locale.or_else(|| row.locale.take());
        row.metadata.extend(checkout.customer_metadata.clone());
    }
    customer::touch(world, id);
    id
}
