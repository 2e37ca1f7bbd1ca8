//! Reading keys: the list, one, and one activation.

use super::render::{render, render_activation, render_with_key};
use super::{LicenseKey, check};
use crate::call::Call;
use crate::failure::Failure;
use crate::list;
use crate::render::{Json, object};
use crate::reply::Reply;
use crate::world::{Found, World};

/// `GET /v1/license-keys/`, oldest first.
pub(super) fn list(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let query = &call.query;
    let rows = world.license_keys.of(organization);
    Ok(list_rows(world, call, rows, |row| {
        query.allows("organization_id", row.organization)
            && query.allows("status", row.status.word())
    }))
}

/// The page of those keys that pass `visible` and the filter by benefit.
pub(crate) fn list_rows(
    world: &World,
    call: &Call,
    rows: Found<'_, LicenseKey>,
    visible: impl Fn(&LicenseKey) -> bool,
) -> Reply {
    let rows: Vec<_> = rows
        .filter(|row| visible(row) && call.query.allows("benefit_id", row.benefit))
        .collect();
    list::paged(call, &rows, |row| render(world, row))
}

/// `GET /v1/license-keys/{id}`
pub(super) fn get(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let key = own(world, call)?;
    Ok(with_activations(world, key, true).into())
}

/// The key and, unless they are none of the reader's business, its activations.
pub(crate) fn with_activations(world: &World, key: &LicenseKey, all: bool) -> Json {
    let shown = |activation| render_activation(key, activation);
    let activations: Vec<_> = key.activations.iter().filter(|_| all).map(shown).collect();
    object!({..render(world, key), "activations": activations})
}

/// `GET /v1/license-keys/{id}/activations/{activation_id}`
pub(super) fn activation(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let key = own(world, call)?;
    let activation = check::activation(key, call.id("activation_id")?)?;
    Ok(render_with_key(world, key, activation).into())
}

/// The key in the path, if it is the caller's.
pub(super) fn own<'w>(world: &'w World, call: &Call) -> Result<&'w LicenseKey, Failure> {
    let organization = call.organization()?;
    let key = world.license_keys.get(call.id("id")?)?;
    if key.organization != organization {
        return Err(Failure::not_found());
    }
    Ok(key)
}
