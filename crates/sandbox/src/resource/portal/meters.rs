//! `/v1/customer-portal/meters/`

use super::Visitor;
use crate::call::Call;
use crate::failure::Failure;
use crate::list;
use crate::reply::Reply;
use crate::resource::customer_meter::{SORTS, active, render_portal};
use crate::world::World;

pub(super) fn list(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::of(world, call)?;
    let query = &call.query;
    let rows = active(world, visitor.customer)
        .filter(|row| query.allows("meter_id", row.meter))
        .filter(|row| {
            let name = world
                .meters
                .find(row.meter)
                .map(|meter| meter.name.as_str());
            query.finds("query", name)
        })
        .collect();
    Ok(list::page(world, call, rows, SORTS, render_portal))
}

pub(super) fn get(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::of(world, call)?;
    let row = world.customer_meters.get(call.id("id")?)?;
    if row.customer != visitor.customer {
        return Err(Failure::not_found());
    }
    Ok(render_portal(world, row).into())
}
