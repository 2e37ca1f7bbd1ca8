//! `GET /v1/orders/{id}`

use super::{Order, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    Ok(render(world, own(world, call)?).into())
}

/// The order in the path, when it is the caller's.
pub(super) fn own<'w>(world: &'w World, call: &Call) -> Result<&'w Order, Failure> {
    let organization = call.organization()?;
    let order = world.orders.get(call.id("id")?)?;
    if order.organization != organization {
        return Err(Failure::not_found());
    }
    Ok(order)
}
