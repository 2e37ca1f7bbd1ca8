//! What one customer has used of one meter, and what was credited for it.

mod balance;
mod credit;
mod get;
mod list;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub(crate) use balance::Window;
pub(crate) use credit::{credit, last_reset, restart};
pub(crate) use list::SORTS;

use crate::call::Handler;
use crate::render::{self, Json, object};
use crate::resource::customer::{self, Customer};
use crate::resource::event::Source;
use crate::resource::meter::{self, Meter};
use crate::resource::subscription_meter;
use crate::world::{Id, Job, World, found_by};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("customer_meters:list", list::handle),
    ("customer_meters:get", get::handle),
];

/// One row; made by the first event or credit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CustomerMeter {
    pub(crate) id: Id<Self>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) customer: Id<Customer>,
    pub(crate) meter: Id<Meter>,
    /// Since the last reset.
    pub(crate) consumed: Decimal,
    pub(crate) credited: i64,
}

found_by!(CustomerMeter: customer);

impl CustomerMeter {
    /// What is left; negative when more was used than credited.
    pub(crate) fn balance(&self) -> Decimal {
        Decimal::from(self.credited).saturating_sub(self.consumed)
    }
}

/// Recomputes every live meter of a customer, and what their subscriptions owe for it. Planned as
/// `Job::MeasureCustomer` with `agenda.when_quiet`.
pub(crate) fn measure(world: &mut World, customer: Id<Customer>) {
    let Some(organization) = world.customers.find(customer).map(|row| row.organization) else {
        return;
    };
    note_first_usage(world, customer);
    let meters: Vec<_> = world
        .meters
        .of(organization)
        .filter(|meter| meter.archived_at.is_none())
        .map(|meter| meter.id)
        .collect();
    let mut changed = false;
    for meter in meters {
        changed |= measure_one(world, customer, meter);
    }
    if changed {
        world.agenda.when_quiet(Job::CustomerStateChanged(customer));
        subscription_meter::refresh(world, customer);
    }
}

/// Notes when the customer was first heard of, which may be before they were one.
fn note_first_usage(world: &mut World, customer: Id<Customer>) {
    let Some(row) = world.customers.find(customer) else {
        return;
    };
    if row.first_user_event_at.is_some() {
        return;
    }
    let usage = world.events.about(row);
    let first = usage
        .filter(|event| event.source == Source::User)
        .map(|event| event.timestamp)
        .min();
    if let Some(row) = world.customers.find_mut(customer) {
        row.first_user_event_at = first;
    }
}

/// Recomputes one meter of a customer; true when its numbers changed.
pub(crate) fn measure_one(world: &mut World, customer: Id<Customer>, meter: Id<Meter>) -> bool {
    let Some(window) = Window::open(world, customer, meter) else {
        return false;
    };
    if window.is_empty() {
        return false;
    }
    let (consumed, credited) = (window.consumed(), window.credited());
    let now = world.stamp();
    if let Some(row) = find_mut(world, customer, meter) {
        let before = (row.consumed, row.credited);
        (row.consumed, row.credited) = (consumed, credited);
        let changed = before != (consumed, credited);
        if changed {
            row.modified_at = Some(now);
        }
        return changed;
    }
    let id = world.chance.id();
    let row = CustomerMeter {
        id,
        created_at: now,
        modified_at: None,
        customer,
        meter,
        consumed,
        credited,
    };
    world.customer_meters.insert(id, row);
    true
}

/// Plans a new measure for everybody who has used the meter: it counts again.
pub(crate) fn measure_everybody(world: &mut World, meter: Id<Meter>) {
    let Some(meter) = world.meters.find(meter) else {
        return;
    };
    let customers: Vec<_> = world
        .living(meter.organization)
        .filter(|row| world.events.about(row).any(|event| meter.counts(event)))
        .map(|row| row.id)
        .collect();
    for customer in customers {
        world.agenda.when_quiet(Job::MeasureCustomer(customer));
    }
}

fn find_mut(
    world: &mut World,
    customer: Id<Customer>,
    meter: Id<Meter>,
) -> Option<&mut CustomerMeter> {
    let mut rows = world.customer_meters.of(customer);
    let id = rows.find(|row| row.meter == meter)?.id;
    world.customer_meters.find_mut(id)
}

/// The meters of a customer that are shown: archived ones are not.
pub(crate) fn active(
    world: &World,
    customer: Id<Customer>,
) -> impl Iterator<Item = &CustomerMeter> {
    world.customer_meters.of(customer).filter(|row| {
        let meter = world.meters.find(row.meter);
        meter.is_some_and(|meter| meter.archived_at.is_none())
    })
}

/// What every view of a customer meter has.
pub(crate) fn render_brief(row: &CustomerMeter) -> Json {
    object!({
        "id": row.id,
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "meter_id": row.meter,
        "consumed_units": render::quantity(row.consumed),
        "credited_units": row.credited,
        "balance": render::quantity(row.balance()),
    })
}

/// The customer meter as the seller sees it.
pub(crate) fn render(world: &World, row: &CustomerMeter) -> Json {
    let customer = world.customers.find(row.customer);
    let meter = world.meters.find(row.meter);
    object!({
        ..render_brief(row),
        "customer_id": row.customer,
        "customer": customer.map(|customer| customer::render(world, customer)),
        "meter": meter.map(|meter| meter::render(world, meter)),
    })
}

/// The customer meter as its customer sees it.
pub(crate) fn render_portal(world: &World, row: &CustomerMeter) -> Json {
    object!({
        ..render_brief(row),
        "customer_id": row.customer,
        "meter": world.meters.find(row.meter).map(meter::render_public),
    })
}
