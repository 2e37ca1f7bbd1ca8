//! `GET /v1/organizations/{id}`

use super::{Organization, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::{Id, World};

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = own(world, call, call.id("id")?)?;
    Ok(render(world, organization).into())
}

/// A token knows its own organization alone.
pub(super) fn own<'w>(
    world: &'w World,
    call: &Call,
    id: Id<Organization>,
) -> Result<&'w Organization, Failure> {
    if call.organization()? != id {
        return Err(Failure::not_found());
    }
    world.organizations.get(id)
}
