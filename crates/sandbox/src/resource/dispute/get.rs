//! `GET /v1/disputes/{id}`

use super::{Dispute, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    Ok(render(world, own(world, call)?).into())
}

/// The dispute in the path, when it is about a sale of the caller's.
pub(super) fn own<'w>(world: &'w World, call: &Call) -> Result<&'w Dispute, Failure> {
    let organization = call.organization()?;
    let dispute = world.disputes.get(call.id("id")?)?;
    if dispute.organization != organization {
        return Err(Failure::not_found());
    }
    Ok(dispute)
}
