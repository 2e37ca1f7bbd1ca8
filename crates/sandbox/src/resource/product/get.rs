//! `GET /v1/products/{id}`

use super::{Product, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let product = own(world, call)?;
    Ok(render(world, product).into())
}

/// The product in the path, when it is the caller's.
pub(super) fn own<'w>(world: &'w World, call: &Call) -> Result<&'w Product, Failure> {
    let organization = call.organization()?;
    let product = world.products.get(call.id("id")?)?;
    if product.organization != organization {
        return Err(Failure::not_found());
    }
    Ok(product)
}
