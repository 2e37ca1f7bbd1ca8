//! `POST /v1/customers/{id}/members` and its twin by external id

use serde::Deserialize;

use super::{NewMember, Role, add, render};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::customer::{self, Customer, CustomerKind};
use crate::world::{Id, World};

#[derive(Deserialize)]
struct Input {
    #[serde(flatten)]
    new: NewMember,
    #[serde(default)]
    role: Option<Role>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let input: Input = call.input()?;
    let customer = customer::own(world, call)?;
    if customer.kind != CustomerKind::Team {
        return Err(Failure::named(
            403,
            "NotPermitted",
            "Only team customers can have multiple members. Upgrade the customer to the team type first.",
        ));
    }
    let id = customer.id;
    check_email(world, id, None, &input.new.email)?;
    let member = add(world, id, input.new, input.role.unwrap_or(Role::Member));
    Ok(render(world, world.members.get(member)?).into())
}

/// Refuses an e-mail that another member of the customer has.
pub(super) fn check_email(
    world: &World,
    customer: Id<Customer>,
    own: Option<Id<super::Member>>,
    email: &str,
) -> Result<(), Failure> {
    let wanted = email.to_lowercase();
    let taken = super::of(world, customer)
        .any(|row| Some(row.id) != own && row.email.to_lowercase() == wanted);
    if taken {
        let message = "A member with this email address already exists.";
        return Err(Failure::refused(Flaw::field("email", message, email)));
    }
    Ok(())
}
