//! `POST /v1/disputes/{id}/accept`: the seller gives in.

use super::{DisputeStatus, get, render, turn};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let dispute = get::own(world, call)?;
    let id = dispute.id;
    if dispute.status != DisputeStatus::NeedsResponse {
        let detail = format!("Dispute {id} is not awaiting a response.");
        return Err(Failure::named(409, "DisputeNotOpenError", detail));
    }
    turn(world, id, DisputeStatus::Lost)?;
    Ok(render(world, world.disputes.get(id)?).into())
}
