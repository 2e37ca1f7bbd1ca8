//! `GET /v1/events/{id}`

use super::render;
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let event = world.events.get(call.id("id")?)?;
    if event.organization != call.organization()? {
        return Err(Failure::not_found());
    }
    Ok(render(world, event).into())
}
