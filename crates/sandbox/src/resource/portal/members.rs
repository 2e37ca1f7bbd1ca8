//! `/v1/customer-portal/members`: a team looks after its own members.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Visitor;
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::list;
use crate::render;
use crate::reply::Reply;
use crate::resource::customer::CustomerKind;
use crate::resource::member::{self, Member, NewMember, Role};
use crate::world::World;

const NOT_A_TEAM: &str = "Member management is only available for team customers. Purchase a seat-based product to enable team features.";

pub(super) fn list(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = of_team(world, call)?;
    let rows: Vec<_> = member::of(world, visitor.customer).collect();
    Ok(list::paged(call, &rows, |row| render(row)))
}

/// Adds a member, or gives back who is one already. The seller is not told: it is the team's own affair.
pub(super) fn add(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    #[derive(Deserialize)]
    struct Input {
        email: String,
        name: Option<String>,
        role: Option<Role>,
    }
    let visitor = of_team(world, call)?;
    let input: Input = call.input()?;
    if input.role == Some(Role::Owner) {
        let message = "Cannot add a member as owner. There must be exactly one owner.";
        return Err(Failure::refused(Flaw::field("role", message, "owner")));
    }
    if let Some(known) = member::with_email(world, visitor.customer, &input.email) {
        return Ok(render(known).into());
    }
    let new = NewMember {
        email: input.email.trim().to_owned(),
        name: input.name,
        external_id: None,
    };
    let role = input.role.unwrap_or(Role::Member);
    let id = member::add_quietly(world, visitor.customer, new, role);
    Ok(render(world.members.get(id)?).into())
}

pub(super) fn update(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = of_team(world, call)?;
    let member = own(world, &visitor, call)?;
    let (id, role) = (member.id, member.role);
    let sent = call.body.get("role").filter(|role| !role.is_null());
    let differs = sent.is_some_and(|sent| *sent != json!(role));
    if differs && visitor.member.is_some_and(|(own, _)| own == id) {
        return Err(refuse_self(call, "You cannot modify your own role."));
    }
    let caller = visitor.member.map_or(member::Caller::Seller, |(_, role)| {
        member::Caller::Member(role)
    });
    member::change_member(world, id, call.input()?, caller)?;
    Ok(render(world.members.get(id)?).into())
}

pub(super) fn remove(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = of_team(world, call)?;
    let id = own(world, &visitor, call)?.id;
    if visitor.member.is_some_and(|(own, _)| own == id) {
        return Err(refuse_self(
            call,
            "You cannot remove yourself from the team.",
        ));
    }
    member::remove_member(world, id)?;
    Ok(Reply::Empty)
}

/// Owners and billing managers of a team.
fn of_team(world: &World, call: &Call) -> Result<Visitor, Failure> {
    let visitor = Visitor::of(world, call)?;
    if matches!(visitor.member, Some((_, Role::Member))) {
        return Err(refuse("Insufficient role for this operation"));
    }
    if world.customers.get(visitor.customer)?.kind != CustomerKind::Team {
        return Err(refuse(NOT_A_TEAM));
    }
    Ok(visitor)
}

fn own<'w>(world: &'w World, visitor: &Visitor, call: &Call) -> Result<&'w Member, Failure> {
    let id = call.id("id")?;
    member::of(world, visitor.customer)
        .find(|row| row.id == id)
        .ok_or_else(member::absent)
}

/// Refuses the member in the path: they are the visitor.
fn refuse_self(call: &Call, message: &str) -> Failure {
    Failure::refused(Flaw {
        kind: "value_error",
        at: vec!["path".into(), "id".into()],
        message: message.to_owned(),
        input: call.path.get("id").cloned().into(),
        context: None,
    })
}

fn refuse(detail: &str) -> Failure {
    Failure::named(403, "NotPermitted", detail)
}

fn render(row: &Member) -> Value {
    json!({
        "created_at": render::time(row.created_at),
        "modified_at": render::time_or_null(row.modified_at),
        "id": row.id,
        "email": row.email,
        "name": row.name,
        "role": row.role,
    })
}
