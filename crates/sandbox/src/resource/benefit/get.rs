//! `GET /v1/benefits/{id}`

use serde_json::Value;

use super::{Benefit, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    Ok(render(world, own(world, call)?).into())
}

/// `GET /v1/benefits/{id}/files`: the files of a downloadable. None can be uploaded yet.
pub(super) fn files(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    own(world, call)?;
    Ok(list::paged::<Value, _>(call, &[], Value::clone))
}

/// The benefit in the path, if it is the caller's and not deleted.
pub(crate) fn own<'w>(world: &'w World, call: &Call) -> Result<&'w Benefit, Failure> {
    let organization = call.organization()?;
    let benefit = world.benefits.get(call.id("id")?)?;
    if benefit.organization != organization || benefit.deleted {
        return Err(Failure::not_found());
    }
    Ok(benefit)
}
