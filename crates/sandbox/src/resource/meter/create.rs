//! `POST /v1/meters/`

use serde::Deserialize;
use serde_json::{Map, Value};

use super::update::checked_unit;
use super::{Aggregation, Filter, Meter, Unit, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource::event::Event;
use crate::resource::organization::Organization;
use crate::world::{Id, World};

#[derive(Deserialize)]
struct NewMeter {
    name: String,
    filter: Filter,
    aggregation: Aggregation,
    #[serde(default)]
    metadata: Map<String, Value>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let unit = checked_unit(call, &Unit::Scalar)?;
    let input: NewMeter = call.input()?;
    let id = create(world, organization, input, unit);
    Ok(render(world, world.meters.get(id)?).into())
}

/// Adds a meter. Events that came before are counted, but only later ones are billed.
fn create(
    world: &mut World,
    organization: Id<Organization>,
    new: NewMeter,
    unit: Unit,
) -> Id<Meter> {
    let id = world.chance.id();
    let created_at = world.stamp();
    let meter = Meter {
        id,
        created_at,
        modified_at: None,
        organization,
        name: new.name,
        unit,
        filter: new.filter,
        aggregation: new.aggregation,
        metadata: new.metadata,
        archived_at: None,
    };
    world.meters.insert(id, meter);
    id
}

/// True when the meter has seen an event, from when on its definition is fixed.
pub(super) fn has_counted(world: &World, meter: &Meter) -> bool {
    world.events.iter().any(|event: &Event| meter.counts(event))
}
