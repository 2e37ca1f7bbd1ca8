//! `DELETE /v1/discounts/{id}`

use super::{get, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = get::own(world, call)?.id;
    let now = world.stamp();
    let row = world.discounts.get_mut(id)?;
    row.deleted_at = Some(now);
    row.modified_at = Some(now);
    let organization = row.organization;
    let shown = render(world, world.discounts.get(id)?);
    world.emit(organization, "discount.deleted", &shown);
    Ok(Reply::Empty)
}
