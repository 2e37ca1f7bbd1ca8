//! Granting, renewing, updating and revoking one grant, and telling everybody.

use serde_json::{Map, Value, json};

use super::{Grant, GrantError, GrantScope, give, render};
use crate::render::object;
use crate::resource::benefit::Benefit;
use crate::resource::customer::Customer;
use crate::resource::event::record_system;
use crate::resource::member::Member;
use crate::world::{Id, Job, World};

/// Grants the benefit unless it is granted already, or waits for the customer.
pub(super) fn grant(
    world: &mut World,
    benefit: Id<Benefit>,
    customer: Id<Customer>,
    member: Option<Id<Member>>,
    scope: GrantScope,
) {
    if world.benefits.find(benefit).is_none_or(|row| row.deleted) {
        return;
    }
    let row = world
        .grants
        .of(scope)
        .find(|row| row.benefit == benefit && row.customer == customer && row.member == member);
    if row.is_some_and(|row| row.is_granted() || row.error.is_some()) {
        return;
    }
    let id = match row.map(|row| row.id) {
        Some(id) => id,
        None => insert(world, benefit, customer, member, scope),
    };
    grant_again(world, id);
}

fn insert(
    world: &mut World,
    benefit: Id<Benefit>,
    customer: Id<Customer>,
    member: Option<Id<Member>>,
    scope: GrantScope,
) -> Id<Grant> {
    let id = world.chance.id();
    let created_at = world.stamp();
    let row = Grant {
        id,
        created_at,
        modified_at: None,
        benefit,
        customer,
        member,
        scope,
        granted_at: None,
        revoked_at: None,
        error: None,
        properties: Map::new(),
    };
    world.grants.insert(id, row);
    id
}

/// Grants what a row stands for, for the first time or again.
pub(super) fn grant_again(world: &mut World, id: Id<Grant>) {
    let before = properties(world, id);
    let given = give::grant(world, id);
    settle(world, id, given);
    announce(world, id, "granted", &before);
}

/// Applies the benefit's present properties to what is granted.
pub(super) fn update(world: &mut World, id: Id<Grant>) {
    let before = properties(world, id);
    let given = give::grant(world, id);
    settle(world, id, given);
    announce(world, id, "updated", &before);
}

/// Renews a grant for the next period.
pub(super) fn cycle(world: &mut World, id: Id<Grant>) {
    let before = properties(world, id);
    let renewed = give::cycle(world, id);
    let now = world.stamp();
    if let Some(row) = world.grants.find_mut(id) {
        row.properties = renewed;
        row.modified_at = Some(now);
    }
    announce(world, id, "cycled", &before);
}

/// Takes a grant back. What it gave stays where another purchase gives it too, except for what each
/// grant has of its own.
pub(super) fn revoke(world: &mut World, id: Id<Grant>) {
    let before = properties(world, id);
    let left = give::revoke(world, id);
    let now = world.stamp();
    if let Some(row) = world.grants.find_mut(id) {
        row.properties = left;
        row.granted_at = None;
        row.revoked_at = Some(now);
        row.modified_at = Some(now);
    }
    announce(world, id, "revoked", &before);
}

fn properties(world: &World, id: Id<Grant>) -> Map<String, Value> {
    let row = world.grants.find(id);
    row.map(|row| row.properties.clone()).unwrap_or_default()
}

/// Writes down what giving came to.
fn settle(world: &mut World, id: Id<Grant>, given: Result<Map<String, Value>, String>) {
    let now = world.stamp();
    let Some(row) = world.grants.find_mut(id) else {
        return;
    };
    if row.granted_at.is_some() || row.revoked_at.is_some() {
        row.modified_at = Some(now);
    }
    row.revoked_at = None;
    match given {
        Ok(properties) => {
            row.properties = properties;
            row.granted_at = Some(now);
            row.error = None;
        }
        Err(message) => {
            row.granted_at = None;
            row.error = Some(GrantError { message, at: now });
        }
    }
}

fn announce(world: &mut World, id: Id<Grant>, what: &str, before: &Map<String, Value>) {
    let Some(row) = world.grants.find(id).cloned() else {
        return;
    };
    let Some(benefit) = world.benefits.find(row.benefit) else {
        return;
    };
    let organization = benefit.organization;
    let mut metadata = json!({
        "benefit_id": benefit.id,
        "benefit_grant_id": row.id,
        "benefit_type": benefit.kind.name(),
    });
    if let (Some(member), Some(metadata)) = (row.member, metadata.as_object_mut()) {
        metadata.insert("member_id".to_owned(), json!(member));
    }
    let name = format!("benefit.{what}");
    record_system(world, organization, Some(row.customer), &name, metadata);
    let event = match what {
        "granted" => "benefit_grant.created",
        "updated" => "benefit_grant.updated",
        "cycled" => "benefit_grant.cycled",
        _ => "benefit_grant.revoked",
    };
    world.emit_with(organization, event, |world| {
        let shown = render(world, &row);
        Some(object!({..shown, "previous_properties": before, "user_id": row.customer}))
    });
    let state = Job::CustomerStateChanged(row.customer);
    world.agenda.when_quiet(state);
}
