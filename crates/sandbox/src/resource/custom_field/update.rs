//! `PATCH /v1/custom-fields/{id}`

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{FieldKind, create, data, get, render};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::world::World;

#[derive(Deserialize)]
struct Input {
    #[serde(rename = "type")]
    kind: FieldKind,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    slug: Option<String>,
    #[serde(default)]
    properties: Option<Map<String, Value>>,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let input: Input = call.input()?;
    let field = get::own(world, call)?.clone();
    if input.kind != field.kind {
        let message = "The type of a custom field can't be changed.";
        return Err(Failure::refused(Flaw::field(
            "type",
            message,
            input.kind.word(),
        )));
    }
    if let Some(slug) = &input.slug {
        create::check_slug(world, field.organization, Some(field.id), slug)?;
    }
    let now = world.stamp();
    let row = world.custom_fields.get_mut(field.id)?;
    row.modified_at = Some(now);
    row.name = input.name.unwrap_or(field.name);
    row.slug = input.slug.unwrap_or_else(|| field.slug.clone());
    row.properties = input.properties.unwrap_or(field.properties);
    row.metadata = input.metadata.unwrap_or(field.metadata);
    let after = row.clone();
    if after.slug != field.slug {
        data::rename(world, &after, &field.slug);
    }
    Ok(render(&after).into())
}
