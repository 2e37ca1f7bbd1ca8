//! `POST /v1/license-keys/activate` and `…/deactivate`, and the same for anyone who knows the key.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::render::render_with_key;
use super::validate::{of_anyone, of_seller};
use super::{Activation, LicenseKey, check};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::{Id, World};

#[derive(Deserialize)]
struct Input {
    label: String,
    #[serde(default)]
    conditions: Map<String, Value>,
    #[serde(default)]
    meta: Map<String, Value>,
}

pub(super) fn by_seller(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let key = of_seller(world, call)?;
    activate(world, call, key)
}

pub(super) fn by_anyone(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let key = of_anyone(world, call)?;
    activate(world, call, key)
}

pub(super) fn undo_by_seller(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let key = of_seller(world, call)?;
    deactivate(world, call, key)
}

pub(super) fn undo_by_anyone(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let key = of_anyone(world, call)?;
    deactivate(world, call, key)
}

fn activate(world: &mut World, call: &Call, id: Id<LicenseKey>) -> Result<Reply, Failure> {
    let input: Input = call.input()?;
    check::activate(world.license_keys.get(id)?, world.now())?;
    let activation = Activation {
        id: world.chance.id(),
        created_at: world.stamp(),
        label: input.label,
        meta: input.meta,
        conditions: input.conditions,
    };
    let key = world.license_keys.get_mut(id)?;
    key.activations.push(activation.clone());
    let key = world.license_keys.get(id)?;
    Ok(render_with_key(world, key, &activation).into())
}

/// Neither a revoked nor an expired key keeps its holder from letting go.
fn deactivate(world: &mut World, call: &Call, id: Id<LicenseKey>) -> Result<Reply, Failure> {
    #[derive(Deserialize)]
    struct Input {
        activation_id: Id<Activation>,
    }
    let input: Input = call.input()?;
    let key = world.license_keys.get_mut(id)?;
    check::activation(key, input.activation_id)?;
    key.activations.retain(|row| row.id != input.activation_id);
    Ok(Reply::Empty)
}
