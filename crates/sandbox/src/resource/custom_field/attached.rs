//! Fields attached to a product.

use super::{CustomField, render};
use crate::render::{Json, object};
use crate::resource::product::AttachedField;
use crate::world::World;

/// The fields of a product as the API shows them, numbered in their order.
pub(crate) fn render_attached(world: &World, attached: &[AttachedField]) -> Vec<Json> {
    attached
        .iter()
        .filter_map(|field| Some((live(world, field)?, field.required)))
        .enumerate()
        .map(|(order, (row, required))| {
            object!({
                "custom_field_id": row.id,
                "custom_field": render(row),
                "order": order,
                "required": required,
            })
        })
        .collect()
}

/// The field, unless it was deleted.
pub(crate) fn live<'w>(world: &'w World, attached: &AttachedField) -> Option<&'w CustomField> {
    world
        .custom_fields
        .find(attached.custom_field_id)
        .filter(|row| row.deleted_at.is_none())
}
