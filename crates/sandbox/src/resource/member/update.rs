//! `PATCH /v1/customers/{id}/members/{member_id}` and its twin by external ids

use serde::Deserialize;

use super::{Member, Role, add, get, owner, render, with_email};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::customer::{CustomerKind, filled};
use crate::world::{Id, World};

/// What is to change.
#[derive(Deserialize)]
pub(crate) struct Input {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    role: Option<Role>,
}

/// Who asks for a change.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Caller {
    Seller,
    Member(Role),
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = get::own(world, call)?.id;
    change(world, id, call.input()?, Caller::Seller)?;
    Ok(render(world, world.members.get(id)?).into())
}

/// Writes the change and tells of it, unless there is none.
pub(crate) fn change(
    world: &mut World,
    id: Id<Member>,
    input: Input,
    caller: Caller,
) -> Result<(), Failure> {
    let member = world.members.get(id)?.clone();
    let role = input.role.filter(|role| *role != member.role);
    if let Some(role) = role {
        check_role(&member, role, caller)?;
    }
    let email = input.email.map(|email| email.trim().to_owned());
    let email = email.filter(|email| *email != member.email);
    if let Some(email) = &email {
        check_email(world, &member, email)?;
    }
    let name = filled(input.name);
    if name.is_none() && role.is_none() && email.is_none() {
        return Ok(());
    }
    if role == Some(Role::Owner) {
        demote_owner(world, &member)?;
    }
    let now = world.stamp();
    let row = world.members.get_mut(id)?;
    row.modified_at = Some(now);
    row.name = name.or(member.name);
    row.email = email.unwrap_or(member.email);
    row.role = role.unwrap_or(member.role);
    add::announce(world, id, "member.updated");
    Ok(())
}

/// There is exactly one owner, who may hand that on; so may the seller.
fn check_role(member: &Member, role: Role, caller: Caller) -> Result<(), Failure> {
    let refuse = |message: &str| {
        let flaw = Flaw::field("role", message, role.word());
        Err(Failure::refused(flaw))
    };
    match (member.role, role, caller) {
        (Role::Owner, _, _) => refuse("Cannot change role. Customer must have exactly one owner."),
        (_, Role::Owner, Caller::Member(Role::BillingManager | Role::Member)) => {
            refuse("Only the owner can transfer ownership.")
        }
        _ => Ok(()),
    }
}

/// The owner of an individual customer has the customer's e-mail; no two members have the same.
fn check_email(world: &World, member: &Member, email: &str) -> Result<(), Failure> {
    let refuse = |message: &str| {
        let flaw = Flaw::field("email", message, email);
        Err(Failure::refused(flaw))
    };
    if world.customers.get(member.customer)?.kind == CustomerKind::Individual {
        return refuse(
            "Cannot change the email of an individual customer's owner. Update the customer's email instead.",
        );
    }
    let holder = with_email(world, member.customer, email);
    if holder.is_some_and(|holder| holder.id != member.id) {
        return refuse("A member with this email already exists for this customer.");
    }
    Ok(())
}

/// The former owner goes on as a billing manager. Nobody is told: the new owner's change says it all.
fn demote_owner(world: &mut World, heir: &Member) -> Result<(), Failure> {
    let Some(former) = owner(world, heir.customer).map(|row| row.id) else {
        return Ok(());
    };
    world.members.get_mut(former)?.role = Role::BillingManager;
    Ok(())
}
