//! `POST /v1/benefits/`

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Benefit, Kind, Visibility, render, rules};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource::organization::Organization;
use crate::world::{Id, World};

#[derive(Deserialize)]
struct NewBenefit {
    description: String,
    visibility: Option<Visibility>,
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(flatten)]
    kind: Kind,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let input: NewBenefit = call.input()?;
    let id = create(world, organization, input)?;
    Ok(render(world, world.benefits.get(id)?).into())
}

/// Adds a benefit and announces it.
fn create(
    world: &mut World,
    organization: Id<Organization>,
    new: NewBenefit,
) -> Result<Id<Benefit>, Failure> {
    let kind = rules::check(world, organization, new.kind)?;
    let visibility = rules::visibility(&kind, new.visibility)?;
    let id = world.chance.id();
    let created_at = world.stamp();
    let benefit = Benefit {
        id,
        created_at,
        modified_at: None,
        organization,
        description: new.description.trim().to_owned(),
        visibility,
        metadata: new.metadata,
        kind,
        deleted: false,
    };
    let shown = render(world, &benefit);
    world.benefits.insert(id, benefit);
    world.emit(organization, "benefit.created", &shown);
    Ok(id)
}
