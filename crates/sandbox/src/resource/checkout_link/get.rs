//! `GET /v1/checkout-links/{id}`

use super::{CheckoutLink, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    Ok(render(world, own(world, call)?).into())
}

/// The link in the path, when it is the caller's and not deleted.
pub(super) fn own<'w>(world: &'w World, call: &Call) -> Result<&'w CheckoutLink, Failure> {
    let organization = call.organization()?;
    let link = world.checkout_links.get(call.id("id")?)?;
    if link.organization != organization || link.deleted_at.is_some() {
        return Err(Failure::not_found());
    }
    Ok(link)
}
