//! `/v1/customer-portal/meters/`

use std::collections::HashSet;

use super::Visitor;
use crate::call::Call;
use crate::failure::Failure;
use crate::list;
use crate::reply::Reply;
use crate::resource::benefit::Kind;
use crate::resource::customer::Customer;
use crate::resource::customer_meter::{SORTS, active, render_portal};
use crate::resource::meter::Meter;
use crate::world::{Id, World};

pub(super) fn list(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::of(world, call)?;
    let query = &call.query;
    let bought = bought(world, visitor.customer);
    let rows = active(world, visitor.customer)
        .filter(|row| bought.contains(&row.meter))
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
    let mut shown = active(world, visitor.customer);
    let shown = shown.any(|other| other.id == row.id);
    if !shown || !bought(world, visitor.customer).contains(&row.meter) {
        return Err(Failure::not_found());
    }
    Ok(render_portal(world, row).into())
}

/// The meters that a customer's running subscriptions bill by, and those they were given credits for.
fn bought(world: &World, customer: Id<Customer>) -> HashSet<Id<Meter>> {
    let running = world
        .subscriptions
        .of(customer)
        .filter(|row| row.is_active());
    let billed = running
        .flat_map(|row| world.subscription_meters.of(row.id))
        .map(|row| row.meter);
    let held = world.grants.of(customer).filter(|row| row.is_granted());
    let credited = held.filter_map(|grant| {
        let benefit = world.benefits.find(grant.benefit)?;
        if let Kind::MeterCredit { meter_id, .. } = benefit.kind {
            Some(meter_id)
        } else {
            None
        }
    });
    billed.chain(credited).collect()
}
