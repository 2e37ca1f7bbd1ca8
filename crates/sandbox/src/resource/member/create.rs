//! `POST /v1/customers/{id}/members` and its twin by external id

use serde::Deserialize;

use super::{NewMember, Role, add, of, render, with_email};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource::customer::{self, CustomerKind, filled};
use crate::world::World;

#[derive(Deserialize)]
struct Input {
    #[serde(flatten)]
    new: NewMember,
    #[serde(default)]
    role: Option<Role>,
}

/// Adds a member. Somebody who is one already is given back as they are.
pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let mut input: Input = call.input()?;
    let customer = customer::own(world, call)
        .map_err(|_gone| Failure::named(404, "ResourceNotFound", "Customer not found"))?;
    let (id, kind) = (customer.id, customer.kind);
    if kind == CustomerKind::Individual && of(world, id).next().is_some() {
        let detail = "Individual customers can only have one member (the owner). Upgrade to a team customer to add more members.";
        return Err(Failure::named(403, "NotPermitted", detail));
    }
    if let Some(known) = with_email(world, id, &input.new.email) {
        return Ok(render(world, known).into());
    }
    input.new.name = filled(input.new.name);
    input.new.external_id = filled(input.new.external_id);
    let member = add(world, id, input.new, input.role.unwrap_or(Role::Member));
    Ok(render(world, world.members.get(member)?).into())
}
