//! `GET /v1/payments/{id}`

use super::render;
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let payment = world.payments.get(call.id("id")?)?;
    if payment.organization != organization {
        return Err(Failure::not_found());
    }
    Ok(render(payment).into())
}
