//! `PATCH /v1/customers/{id}/members/{member_id}` and its twin by external ids

use serde::Deserialize;

use super::{Member, Role, add, create, get, owner, render};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::customer::CustomerKind;
use crate::world::World;

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    role: Option<Role>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let input: Input = call.input()?;
    let member = get::own(world, call)?.clone();
    let same = input.name.is_none()
        && input.role.is_none_or(|role| role == member.role)
        && input
            .email
            .as_ref()
            .is_none_or(|email| *email == member.email);
    if same {
        return Ok(render(world, &member).into());
    }
    if let Some(email) = input.email.as_ref().filter(|email| **email != member.email) {
        check_follows(world, &member, email)?;
        create::check_email(world, member.customer, Some(member.id), email)?;
    }
    if let Some(role) = input.role {
        change_owner(world, &member, role)?;
    }
    let now = world.stamp();
    let row = world.members.get_mut(member.id)?;
    row.modified_at = Some(now);
    row.name = input.name.or(member.name);
    row.email = input.email.unwrap_or(member.email);
    row.role = input.role.unwrap_or(member.role);
    add::announce(world, member.id, "member.updated");
    Ok(render(world, world.members.get(member.id)?).into())
}

/// The owner of an individual customer has the customer's e-mail, and follows it.
fn check_follows(world: &World, member: &Member, email: &str) -> Result<(), Failure> {
    if world.customers.get(member.customer)?.kind == CustomerKind::Team {
        return Ok(());
    }
    let message = "The owner of an individual customer has the customer's e-mail: change it there.";
    Err(Failure::refused(Flaw::field("email", message, email)))
}

/// There is exactly one owner: a new one takes over, and the last one cannot step down.
fn change_owner(world: &mut World, member: &Member, role: Role) -> Result<(), Failure> {
    if member.role == Role::Owner && role != Role::Owner {
        let message = "A customer must have exactly one owner.";
        return Err(Failure::refused(Flaw::field("role", message, role.word())));
    }
    if role != Role::Owner || member.role == Role::Owner {
        return Ok(());
    }
    if let Some(former) = owner(world, member.customer).map(|row| row.id) {
        let now = world.stamp();
        let row = world.members.get_mut(former)?;
        row.role = Role::BillingManager;
        row.modified_at = Some(now);
        add::announce(world, former, "member.updated");
    }
    Ok(())
}
