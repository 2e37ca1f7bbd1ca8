//! `POST /v1/custom-fields/`

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{CustomField, FieldKind, render};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::organization::Organization;
use crate::world::{Id, World};

#[derive(Deserialize)]
struct Input {
    #[serde(rename = "type")]
    kind: FieldKind,
    slug: String,
    name: String,
    #[serde(default)]
    properties: Map<String, Value>,
    #[serde(default)]
    metadata: Map<String, Value>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let input: Input = call.input()?;
    check_slug(world, organization, None, &input.slug)?;
    let id = world.chance.id();
    let created_at = world.stamp();
    let row = CustomField {
        id,
        organization,
        created_at,
        modified_at: None,
        deleted_at: None,
        kind: input.kind,
        slug: input.slug,
        name: input.name,
        properties: input.properties,
        metadata: input.metadata,
    };
    let shown = render(&row);
    world.custom_fields.insert(id, row);
    Ok(shown.into())
}

/// Refuses a slug that another live field has, in any case.
pub(super) fn check_slug(
    world: &World,
    organization: Id<Organization>,
    own: Option<Id<CustomField>>,
    slug: &str,
) -> Result<(), Failure> {
    let taken = world.custom_fields.iter().any(|row| {
        row.organization == organization
            && row.deleted_at.is_none()
            && Some(row.id) != own
            && row.slug.eq_ignore_ascii_case(slug)
    });
    if taken {
        let message = "Custom field with this slug already exists.";
        return Err(Failure::refused(Flaw::field("slug", message, slug)));
    }
    Ok(())
}
