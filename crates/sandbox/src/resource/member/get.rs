//! `GET /v1/customers/{id}/members/{member_id}` and its twin by external ids

use super::{Member, of, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource::customer;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    Ok(render(world, own(world, call)?).into())
}

/// The member in the path, of the customer in the path.
pub(super) fn own<'w>(world: &'w World, call: &Call) -> Result<&'w Member, Failure> {
    let customer = customer::own(world, call).map_err(|_gone| absent())?.id;
    let found = if call.path.contains_key("member_external_id") {
        let external_id = call.text("member_external_id")?;
        of(world, customer).find(|row| row.external_id.as_deref() == Some(external_id))
    } else {
        let id = call.id("member_id").map_err(|_unreadable| absent())?;
        of(world, customer).find(|row| row.id == id)
    };
    found.ok_or_else(absent)
}

/// There is no such member.
pub(crate) fn absent() -> Failure {
    Failure::named(404, "ResourceNotFound", "Member not found")
}
