//! `POST /v1/license-keys/validate`, and the same for anyone who knows the key.

use serde::Deserialize;

use super::render::{render, render_activation};
use super::{LicenseKey, check};
use crate::call::Call;
use crate::failure::Failure;
use crate::render::object;
use crate::reply::Reply;
use crate::resource::organization::Organization;
use crate::world::{Id, World};

/// Which key is meant.
#[derive(Debug, Deserialize)]
struct Named {
    key: String,
    organization_id: Id<Organization>,
}

pub(super) fn by_seller(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let key = of_seller(world, call)?;
    validate(world, call, key)
}

pub(super) fn by_anyone(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let key = of_anyone(world, call)?;
    validate(world, call, key)
}

fn validate(world: &mut World, call: &Call, id: Id<LicenseKey>) -> Result<Reply, Failure> {
    let ask: check::Ask = call.input()?;
    let now = world.stamp();
    let key = world.license_keys.get_mut(id)?;
    check::validate(key, &ask, now)?;
    key.validations = key.validations.saturating_add(1);
    key.last_validated_at = Some(now);
    key.modified_at = Some(now);
    key.usage = key.usage.saturating_add(ask.increment_usage.unwrap_or(0));
    let key = world.license_keys.get(id)?;
    let activation = match ask.activation_id {
        Some(id) => Some(render_activation(key, check::activation(key, id)?)),
        None => None,
    };
    Ok(object!({..render(world, key), "activation": activation}).into())
}

/// The key that the body names, if it is the calling organization's.
pub(super) fn of_seller(world: &World, call: &Call) -> Result<Id<LicenseKey>, Failure> {
    let own = call.organization()?;
    named(world, call, |organization| organization == own)
}

/// The key that the body names, whoever asks.
pub(super) fn of_anyone(world: &World, call: &Call) -> Result<Id<LicenseKey>, Failure> {
    named(world, call, |_| true)
}

fn named(
    world: &World,
    call: &Call,
    may: impl Fn(Id<Organization>) -> bool,
) -> Result<Id<LicenseKey>, Failure> {
    let wanted: Named = call.input()?;
    world
        .license_keys
        .of(wanted.key.as_str())
        .find(|row| row.organization == wanted.organization_id && row.key == wanted.key)
        .filter(|row| may(row.organization))
        .map(|row| row.id)
        .ok_or_else(Failure::not_found)
}
