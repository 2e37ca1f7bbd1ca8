//! `/v1/customer-portal/members`: a team looks after its own members.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Visitor;
use crate::call::{Call, Caller};
use crate::failure::{Failure, Flaw};
use crate::list;
use crate::operations;
use crate::render;
use crate::reply::Reply;
use crate::resource::customer::CustomerKind;
use crate::resource::member::{self, Member, Role};
use crate::world::{Id, World};

const NOT_A_TEAM: &str = "Member management is only available for team customers. Purchase a seat-based product to enable team features.";

pub(super) fn list(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = of_team(world, call)?;
    let rows: Vec<_> = member::of(world, visitor.customer).collect();
    Ok(list::paged(call, &rows, |row| render(row)))
}

pub(super) fn add(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = of_team(world, call)?;
    if call.body.get("role") == Some(&json!(Role::Owner)) {
        let message = "Cannot add a member as owner.";
        return Err(Failure::refused(Flaw::field("role", message, "owner")));
    }
    let made = run(world, &visitor, call, "customers:members:create")?;
    let id = match &made {
        Reply::Json(made) => made.get("id").and_then(Value::as_str),
        Reply::Empty | Reply::Redirect(_) | Reply::File { .. } => None,
    };
    let id = id.and_then(Id::parse).ok_or_else(Failure::not_found)?;
    Ok(render(world.members.get(id)?).into())
}

pub(super) fn update(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = of_team(world, call)?;
    let member = own(world, &visitor, call)?;
    let id = member.id;
    let role = call.body.get("role").filter(|role| !role.is_null());
    if role.is_some() && visitor.member.is_some_and(|(own, _)| own == id) {
        return Err(refuse_self(call, "You cannot change your own role."));
    }
    run(world, &visitor, call, "customers:members:update")?;
    Ok(render(world.members.get(id)?).into())
}

pub(super) fn remove(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = of_team(world, call)?;
    let member = own(world, &visitor, call)?;
    if visitor.member.is_some_and(|(own, _)| own == member.id) {
        return Err(refuse_self(call, "You cannot remove yourself."));
    }
    run(world, &visitor, call, "customers:members:delete")
}

/// Owners and billing managers of a team.
fn of_team(world: &World, call: &Call) -> Result<Visitor, Failure> {
    let visitor = Visitor::with_billing(world, call)?;
    if world.customers.get(visitor.customer)?.kind != CustomerKind::Team {
        return Err(refuse(NOT_A_TEAM));
    }
    Ok(visitor)
}

fn own<'w>(world: &'w World, visitor: &Visitor, call: &Call) -> Result<&'w Member, Failure> {
    let id = call.id("id")?;
    member::of(world, visitor.customer)
        .find(|row| row.id == id)
        .ok_or_else(Failure::not_found)
}

/// The seller's operation on the members of the visitor's customer.
fn run(
    world: &mut World,
    visitor: &Visitor,
    call: &Call,
    operation: &str,
) -> Result<Reply, Failure> {
    let mut path = BTreeMap::from([("id".to_owned(), visitor.customer.to_string())]);
    if let Some(member) = call.path.get("id") {
        path.insert("member_id".to_owned(), member.clone());
    }
    let call = Call {
        caller: Caller::Organization(visitor.organization),
        path,
        query: call.query.clone(),
        body: call.body.clone(),
    };
    operations::run(world, operation, &call)
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
