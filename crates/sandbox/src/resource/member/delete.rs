//! `DELETE /v1/customers/{id}/members/{member_id}` and its twin by external ids

use super::{Member, Role, add, get};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::world::{Id, World};

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = get::own(world, call)?.id;
    remove_member(world, id)?;
    Ok(Reply::Empty)
}

/// Removes a member; the owner stays until there is another.
pub(crate) fn remove_member(world: &mut World, id: Id<Member>) -> Result<(), Failure> {
    if world.members.get(id)?.role == Role::Owner {
        let message = "Cannot delete the only owner. Transfer ownership first.";
        let flaw = Flaw::body("value_error", [], message, id.to_string());
        return Err(Failure::refused(flaw));
    }
    add::remove(world, id);
    Ok(())
}
