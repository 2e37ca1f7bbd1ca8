//! `DELETE /v1/customers/{id}/members/{member_id}` and its twin by external ids

use super::{Role, add, get};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let member = get::own(world, call)?;
    if member.role == Role::Owner {
        let message = "The owner cannot be removed.";
        let input = member.id.to_string();
        let flaw = Flaw::body("value_error", [], message, input);
        return Err(Failure::refused(flaw));
    }
    let id = member.id;
    add::remove(world, id);
    Ok(Reply::Empty)
}
