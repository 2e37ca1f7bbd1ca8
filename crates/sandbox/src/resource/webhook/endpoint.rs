//! What may be done with an endpoint.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Endpoint, Format};
use crate::call::Call;
use crate::failure::Failure;
use crate::list;
use crate::render;
use crate::reply::Reply;
use crate::world::{Id, World};

const SECRET_PREFIX: &str = "whsec_";

pub(super) fn list(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let rows: Vec<_> = world
        .endpoints
        .iter()
        .rev()
        .filter(|row| row.organization == organization && !row.deleted)
        .filter(|row| call.query.allows("organization_id", row.organization))
        .collect();
    Ok(list::paged(call, &rows, |row| show(row)))
}

pub(super) fn create(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    #[derive(Deserialize)]
    struct Input {
        url: String,
        name: Option<String>,
        format: Format,
        events: Vec<String>,
        secret: Option<String>,
    }
    let input: Input = call.input()?;
    let id = world.chance.id();
    let fresh = world.chance.token(SECRET_PREFIX);
    let row = Endpoint {
        id,
        organization: call.organization()?,
        created_at: world.stamp(),
        modified_at: None,
        url: input.url,
        name: input.name,
        format: input.format,
        secret: input.secret.unwrap_or(fresh),
        events: input.events,
        enabled: true,
        deleted: false,
    };
    let shown = show(&row);
    world.endpoints.insert(id, row);
    Ok(shown.into())
}

pub(super) fn get(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = find(world, call)?;
    Ok(show(world.endpoints.get(id)?).into())
}

/// Nulls are ignored, so an update is a list of new values.
pub(super) fn update(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    #[derive(Deserialize)]
    struct Input {
        url: Option<String>,
        name: Option<String>,
        format: Option<Format>,
        events: Option<Vec<String>>,
        secret: Option<String>,
        enabled: Option<bool>,
    }
    let input: Input = call.input()?;
    let id = find(world, call)?;
    let now = world.stamp();
    let row = world.endpoints.get_mut(id)?;
    replace(&mut row.url, input.url);
    replace(&mut row.format, input.format);
    replace(&mut row.events, input.events);
    replace(&mut row.secret, input.secret);
    replace(&mut row.enabled, input.enabled);
    row.name = input.name.or_else(|| row.name.take());
    row.modified_at = Some(now);
    Ok(show(row).into())
}

pub(super) fn delete(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = find(world, call)?;
    world.endpoints.get_mut(id)?.deleted = true;
    Ok(Reply::Empty)
}

/// The old secret stops at once.
pub(super) fn reset_secret(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = find(world, call)?;
    let secret = world.chance.token(SECRET_PREFIX);
    let now = world.stamp();
    let row = world.endpoints.get_mut(id)?;
    row.secret = secret;
    row.modified_at = Some(now);
    Ok(show(row).into())
}

/// The endpoint the path names, when it is the caller's and not deleted.
fn find(world: &World, call: &Call) -> Result<Id<Endpoint>, Failure> {
    let organization = call.organization()?;
    let row = world.endpoints.get(call.id("id")?)?;
    let visible = row.organization == organization && !row.deleted;
    visible.then_some(row.id).ok_or_else(Failure::not_found)
}

fn replace<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

fn show(row: &Endpoint) -> Value {
    json!({
        "created_at": render::time(row.created_at),
        "modified_at": render::time_or_null(row.modified_at),
        "id": row.id,
        "url": row.url,
        "name": row.name,
        "format": row.format,
        "secret": row.secret,
        "organization_id": row.organization,
        "events": row.events,
        "enabled": row.enabled,
    })
}
