//! `DELETE /v1/checkout-links/{id}`

use super::get;
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = get::own(world, call)?.id;
    let now = world.stamp();
    world.checkout_links.get_mut(id)?.deleted_at = Some(now);
    Ok(Reply::Empty)
}
