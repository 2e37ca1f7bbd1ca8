//! `GET /v1/customers/{id}` and `GET /v1/customers/external/{external_id}`

use super::{own, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    Ok(render(world, own(world, call)?).into())
}
