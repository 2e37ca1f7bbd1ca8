//! Adding and removing members, with what is announced.

use serde::Deserialize;

use super::{Member, Role, render};
use crate::resource::customer::{Customer, CustomerKind};
use crate::resource::seat;
use crate::world::{Id, World};

/// What is known of a member to be made.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct NewMember {
    pub(crate) email: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) external_id: Option<String>,
}

/// Adds a member and says so.
pub(crate) fn add(
    world: &mut World,
    customer: Id<Customer>,
    new: NewMember,
    role: Role,
) -> Id<Member> {
    let id = add_quietly(world, customer, new, role);
    announce(world, id, "member.created");
    id
}

/// Adds a member of whom nobody is told: one made along with a seat, or by the team itself.
pub(crate) fn add_quietly(
    world: &mut World,
    customer: Id<Customer>,
    new: NewMember,
    role: Role,
) -> Id<Member> {
    let id = world.chance.id();
    let created_at = world.stamp();
    world.members.insert(
        id,
        Member {
            id,
            customer,
            created_at,
            modified_at: None,
            deleted_at: None,
            email: new.email,
            name: new.name,
            external_id: new.external_id,
            role,
        },
    );
    id
}

/// Removes every member of a customer and says so for each.
pub(crate) fn remove_all(world: &mut World, customer: Id<Customer>) {
    let members: Vec<_> = of(world, customer).map(|row| row.id).collect();
    for id in members {
        remove(world, id);
    }
}

/// Removes a member and says so.
pub(super) fn remove(world: &mut World, id: Id<Member>) {
    let now = world.stamp();
    if let Some(member) = world.members.find_mut(id) {
        member.deleted_at = Some(now);
        announce(world, id, "member.deleted");
        seat::revoke_of_member(world, id);
    }
}

/// Lets the owner of an individual customer have the customer's e-mail. Nobody is told: it is one person.
pub(crate) fn follow_email(world: &mut World, customer: Id<Customer>) {
    let row = world.customers.find(customer);
    let email = row
        .filter(|row| row.kind == CustomerKind::Individual)
        .and_then(|row| row.email.clone());
    let owner = owner(world, customer).map(|owner| owner.id);
    let now = world.stamp();
    if let (Some(email), Some(owner)) = (email, owner.and_then(|id| world.members.find_mut(id))) {
        owner.email = email;
        owner.modified_at = Some(now);
    }
}

/// The member of a customer with this e-mail, in any case.
pub(crate) fn with_email<'w>(
    world: &'w World,
    customer: Id<Customer>,
    email: &str,
) -> Option<&'w Member> {
    let wanted = email.trim().to_lowercase();
    of(world, customer).find(|row| row.email.to_lowercase() == wanted)
}

/// A customer's members, oldest first.
pub(crate) fn of(world: &World, customer: Id<Customer>) -> impl Iterator<Item = &Member> {
    world
        .members
        .of(customer)
        .filter(|row| row.deleted_at.is_none())
}

/// The customer's owner.
pub(crate) fn owner(world: &World, customer: Id<Customer>) -> Option<&Member> {
    of(world, customer).find(|row| row.role == Role::Owner)
}

pub(super) fn announce(world: &mut World, id: Id<Member>, event: &str) {
    let Some(member) = world.members.find(id) else {
        return;
    };
    let Some(customer) = world.customers.find(member.customer) else {
        return;
    };
    let organization = customer.organization;
    let shown = render(world, member);
    world.emit(organization, event, &shown);
}
