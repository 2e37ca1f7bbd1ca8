//! Ways to a customer. Deleted ones are found by none of them.

use super::Customer;
use crate::call::Call;
use crate::failure::Failure;
use crate::resource::organization::Organization;
use crate::world::{Found, Id, World};

impl World {
    /// The living customer with this id.
    pub(crate) fn customer(
        &self,
        organization: Id<Organization>,
        id: Id<Customer>,
    ) -> Option<&Customer> {
        self.customers
            .find(id)
            .filter(|row| row.organization == organization && row.deleted_at.is_none())
    }

    /// The living customer with this external id.
    pub(crate) fn customer_by_external_id(
        &self,
        organization: Id<Organization>,
        external_id: &str,
    ) -> Option<&Customer> {
        self.customers.of(external_id).find(|row| {
            row.organization == organization && row.external_id.as_deref() == Some(external_id)
        })
    }

    /// The living customer with this e-mail, in any case.
    pub(crate) fn customer_by_email(
        &self,
        organization: Id<Organization>,
        email: &str,
    ) -> Option<&Customer> {
        let email = email.to_lowercase();
        self.customers.of(email.as_str()).find(|row| {
            let own = row.email.as_ref().map(|own| own.to_lowercase());
            row.organization == organization && own.as_ref() == Some(&email)
        })
    }

    /// All living customers of an organization, oldest first.
    pub(crate) fn living(&self, organization: Id<Organization>) -> Found<'_, Customer> {
        self.customers.of(organization)
    }
}

/// The caller's customer named in the path, by `external_id` when the path has one, else by `id`.
pub(crate) fn own<'w>(world: &'w World, call: &Call) -> Result<&'w Customer, Failure> {
    let organization = call.organization()?;
    let found = if call.path.contains_key("external_id") {
        world.customer_by_external_id(organization, call.text("external_id")?)
    } else {
        world.customer(organization, call.id("id")?)
    };
    found.ok_or_else(Failure::not_found)
}

/// The organization's customer of that id.
pub(crate) fn find(
    world: &World,
    organization: Id<Organization>,
    id: Id<Customer>,
) -> Option<&Customer> {
    world.customer(organization, id)
}

/// The organization's customer of that id, or Polar's 404.
pub(crate) fn get(
    world: &World,
    organization: Id<Organization>,
    id: Id<Customer>,
) -> Result<&Customer, Failure> {
    world
        .customer(organization, id)
        .ok_or_else(Failure::not_found)
}

/// The customer that the seller knows as `external_id`.
pub(crate) fn by_external_id<'w>(
    world: &'w World,
    organization: Id<Organization>,
    external_id: &str,
) -> Option<&'w Customer> {
    world.customer_by_external_id(organization, external_id)
}
