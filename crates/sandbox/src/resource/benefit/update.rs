//! `PATCH /v1/benefits/{id}`

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Kind, Visibility, get, render, rules};
use crate::call::{Call, read};
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::{Job, World};

/// Nulls leave a field as it is.
#[derive(Deserialize)]
struct Input {
    description: Option<String>,
    visibility: Option<Visibility>,
    metadata: Option<Map<String, Value>>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let benefit = get::own(world, call)?;
    rules::same_kind(&benefit.kind, call.body.get("type"))?;
    let input: Input = call.input()?;
    let (id, organization, before) = (benefit.id, benefit.organization, benefit.kind.clone());
    let kind = match sent_kind(call, &before)? {
        Some(kind) => Some(rules::check(world, organization, kind)?),
        None => None,
    };
    let visibility = match input.visibility {
        None => None,
        chosen => Some(rules::visibility(&before, chosen)?),
    };
    let now = world.stamp();
    let row = world.benefits.get_mut(id)?;
    row.modified_at = Some(now);
    row.description = input.description.unwrap_or_else(|| row.description.clone());
    row.metadata = input.metadata.unwrap_or_else(|| row.metadata.clone());
    row.kind = kind.unwrap_or_else(|| row.kind.clone());
    row.visibility = visibility.unwrap_or(row.visibility);
    let changes_grants = row.kind.changes_grants(&before);
    let shown = render(world, world.benefits.get(id)?);
    if changes_grants {
        world.agenda.soon(Job::UpdateGrants(id));
    }
    world.emit(organization, "benefit.updated", &shown);
    Ok(shown.into())
}

/// The benefit's kind with the properties that the body sends for it.
fn sent_kind(call: &Call, kind: &Kind) -> Result<Option<Kind>, Failure> {
    let Some(properties) = call.body.get("properties").filter(|p| !p.is_null()) else {
        return Ok(None);
    };
    let whole = json!({"type": kind.name(), "properties": properties});
    read(&whole).map(Some)
}
