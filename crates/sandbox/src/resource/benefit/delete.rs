//! `DELETE /v1/benefits/{id}`

use super::get;
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::{Job, World};

/// Products lose it at once, those who hold it soon after.
pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = get::own(world, call)?.id;
    let now = world.stamp();
    let row = world.benefits.get_mut(id)?;
    row.deleted = true;
    row.modified_at = Some(now);
    world.products.change_where(
        |product| product.benefits.contains(&id),
        |product| product.benefits.retain(|benefit| *benefit != id),
    );
    world.agenda.soon(Job::RevokeBenefit(id));
    Ok(Reply::Empty)
}
