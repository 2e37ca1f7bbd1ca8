//! `DELETE /v1/custom-fields/{id}`

use super::get;
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource::product::AttachedField;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = get::own(world, call)?.id;
    let now = world.stamp();
    world.custom_fields.get_mut(id)?.deleted_at = Some(now);
    let asks = |field: &AttachedField| field.custom_field_id == id;
    world.products.change_where(
        |product| product.custom_fields.iter().any(asks),
        |product| product.custom_fields.retain(|field| !asks(field)),
    );
    Ok(Reply::Empty)
}
