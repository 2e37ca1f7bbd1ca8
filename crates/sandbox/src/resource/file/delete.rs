//! `DELETE /v1/files/{id}`: its bytes go, and products no longer show it.

use super::{own_mutable, part};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = own_mutable(world, call)?.id;
    let now = world.stamp();
    world.files.get_mut(id)?.deleted_at = Some(now);
    part::forget(world, |part| part.file == id);
    world.products.change_where(
        |product| product.medias.contains(&id),
        |product| product.medias.retain(|media| *media != id),
    );
    Ok(Reply::Empty)
}
