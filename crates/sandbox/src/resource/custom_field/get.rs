//! `GET /v1/custom-fields/{id}`

use super::{CustomField, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    Ok(render(own(world, call)?).into())
}

/// The field in the path, when it is the caller's and not deleted.
pub(super) fn own<'w>(world: &'w World, call: &Call) -> Result<&'w CustomField, Failure> {
    let organization = call.organization()?;
    let field = world.custom_fields.get(call.id("id")?)?;
    if field.organization != organization || field.deleted_at.is_some() {
        return Err(Failure::not_found());
    }
    Ok(field)
}
