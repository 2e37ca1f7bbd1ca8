//! `DELETE /v1/custom-fields/{id}`

use super::get;
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = get::own(world, call)?.id;
    let now = world.stamp();
    world.custom_fields.get_mut(id)?.deleted_at = Some(now);
    for product in world.products.iter_mut() {
        product
            .custom_fields
            .retain(|field| field.custom_field_id != id);
    }
    Ok(Reply::Empty)
}
