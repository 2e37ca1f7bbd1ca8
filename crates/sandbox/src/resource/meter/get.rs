//! `GET /v1/meters/{id}`

use super::{Meter, find, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    Ok(render(world, own(world, call)?).into())
}

/// The meter in the path, if it is the caller's.
pub(super) fn own<'w>(world: &'w World, call: &Call) -> Result<&'w Meter, Failure> {
    find(world, call.organization()?, call.id("id")?).ok_or_else(Failure::not_found)
}
