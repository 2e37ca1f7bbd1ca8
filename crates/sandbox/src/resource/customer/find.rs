//! Finding a customer of an organization. Deleted ones are not found.

use super::Customer;
use crate::failure::Failure;
use crate::resource::organization::Organization;
use crate::world::{Id, World};

/// The organization's customer of that id.
pub(crate) fn find(
    world: &World,
    organization: Id<Organization>,
    id: Id<Customer>,
) -> Option<&Customer> {
    world
        .customers
        .find(id)
        .filter(|row| row.organization == organization && row.deleted_at.is_none())
}

/// The organization's customer of that id, or Polar's 404.
pub(crate) fn get(
    world: &World,
    organization: Id<Organization>,
    id: Id<Customer>,
) -> Result<&Customer, Failure> {
    find(world, organization, id).ok_or_else(Failure::not_found)
}

/// The customer that the seller knows as `external_id`.
pub(crate) fn by_external_id<'w>(
    world: &'w World,
    organization: Id<Organization>,
    external_id: &str,
) -> Option<&'w Customer> {
    world.customers.iter().find(|row| {
        row.organization == organization
            && row.deleted_at.is_none()
            && row.external_id.as_deref() == Some(external_id)
    })
}
