//! `PATCH /v1/license-keys/{id}`

use jiff::Timestamp;
use polarkit_model::Patch;
use serde::Deserialize;

use super::{Status, read, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::{Job, World};

#[derive(Deserialize)]
struct Input {
    status: Option<Status>,
    usage: Option<i64>,
    #[serde(default)]
    limit_activations: Patch<i64>,
    #[serde(default)]
    limit_usage: Patch<i64>,
    #[serde(default)]
    expires_at: Patch<Timestamp>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let input: Input = call.input()?;
    let id = read::own(world, call)?.id;
    let now = world.stamp();
    let row = world.license_keys.get_mut(id)?;
    row.modified_at = Some(now);
    row.usage = input.usage.unwrap_or(row.usage);
    input.limit_activations.apply(&mut row.limit_activations);
    input.limit_usage.apply(&mut row.limit_usage);
    input.expires_at.apply(&mut row.expires_at);
    if let Some(status) = input.status {
        row.status = status;
        if status != Status::Disabled {
            world.agenda.soon(Job::FollowLicenseKey(id));
        }
    }
    Ok(render(world, world.license_keys.get(id)?).into())
}
