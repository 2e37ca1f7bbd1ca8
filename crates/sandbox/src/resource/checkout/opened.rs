//! `POST /v1/checkouts/client/{client_secret}/opened` and `GET …/stream`: a page is there, and watches.

use super::{get, render_public};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

/// Notes when the session's page was first looked at.
pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let checkout = get::by_secret(world, call)?;
    let (id, is_new) = (checkout.id, checkout.opened_at.is_none());
    if is_new {
        let now = world.stamp();
        let row = world.checkouts.get_mut(id)?;
        row.opened_at = Some(now);
        row.modified_at = Some(now);
    }
    Ok(render_public(world, world.checkouts.get(id)?).into())
}

/// What happens to the session from now on.
pub(super) fn stream(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    Ok(Reply::Watch(get::by_secret(world, call)?.id))
}
