//! `GET /v1/customer-meters/{id}`

use super::render;
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource::customer;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let row = world.customer_meters.get(call.id("id")?)?;
    customer::get(world, call.organization()?, row.customer)?;
    Ok(render(world, row).into())
}
