//! Fields attached to a product.

use serde_json::{Value, json};

use super::{CustomField, render};
use crate::failure::{Failure, Flaw};
use crate::resource::organization::Organization;
use crate::resource::product::AttachedField;
use crate::world::{Id, World};

/// Refuses fields that the organization does not have.
pub(crate) fn check_attached(
    world: &World,
    organization: Id<Organization>,
    attached: &[AttachedField],
) -> Result<(), Failure> {
    let flaws: Vec<_> = attached
        .iter()
        .enumerate()
        .filter(|(_, field)| live(world, field).is_none_or(|row| row.organization != organization))
        .map(|(index, field)| {
            Flaw::body(
                "value_error",
                [
                    "attached_custom_fields".into(),
                    index.into(),
                    "custom_field_id".into(),
                ],
                "Custom field does not exist.",
                field.custom_field_id.to_string(),
            )
        })
        .collect();
    if flaws.is_empty() {
        return Ok(());
    }
    Err(Failure::Refused(flaws))
}

/// The fields of a product as the API shows them, numbered in their order.
pub(crate) fn render_attached(world: &World, attached: &[AttachedField]) -> Vec<Value> {
    attached
        .iter()
        .filter_map(|field| Some((live(world, field)?, field.required)))
        .enumerate()
        .map(|(order, (row, required))| {
            json!({
                "custom_field_id": row.id,
                "custom_field": render(row),
                "order": order,
                "required": required,
            })
        })
        .collect()
}

/// The field, unless it was deleted.
pub(super) fn live<'w>(world: &'w World, attached: &AttachedField) -> Option<&'w CustomField> {
    world
        .custom_fields
        .find(attached.custom_field_id)
        .filter(|row| row.deleted_at.is_none())
}
