//! `PATCH /v1/files/{id}`: its name and its version. The address stays what it was.

use serde::Deserialize;

use super::{own_mutable, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

/// What is empty, or null, leaves a field as it is.
#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    version: Option<String>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let input: Input = call.input()?;
    let id = own_mutable(world, call)?.id;
    let said = |text: Option<String>| text.filter(|text| !text.is_empty());
    let (name, version) = (said(input.name), said(input.version));
    if name.is_some() || version.is_some() {
        let now = world.stamp();
        let row = world.files.get_mut(id)?;
        row.modified_at = Some(now);
        row.name = name.unwrap_or_else(|| row.name.clone());
        row.version = version.or_else(|| row.version.take());
    }
    Ok(render(world, world.files.get(id)?).into())
}
