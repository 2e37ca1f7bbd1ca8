//! `GET /v1/discounts/{id}`

use super::{Discount, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    Ok(render(world, own(world, call)?).into())
}

/// The discount in the path, when it is the caller's and not deleted.
pub(super) fn own<'w>(world: &'w World, call: &Call) -> Result<&'w Discount, Failure> {
    let organization = call.organization()?;
    let discount = world.discounts.get(call.id("id")?)?;
    if discount.organization != organization || discount.deleted_at.is_some() {
        return Err(Failure::not_found());
    }
    Ok(discount)
}
