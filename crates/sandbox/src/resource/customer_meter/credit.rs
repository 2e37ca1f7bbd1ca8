//! Credits and resets: system events that a balance is computed from.

use jiff::Timestamp;
use serde_json::json;

use super::{Window, measure_one};
use crate::resource::customer::Customer;
use crate::resource::event::{Event, Source, record_system};
use crate::resource::meter::Meter;
use crate::world::{Id, World};

/// Units were credited (or taken back, when negative).
pub(super) const CREDITED: &str = "meter.credited";
/// Counting began anew.
pub(super) const RESET: &str = "meter.reset";

/// Credits units at once.
pub(crate) fn credit(
    world: &mut World,
    customer: Id<Customer>,
    meter: Id<Meter>,
    units: i64,
    rollover: bool,
) {
    record_credit(world, customer, meter, units, rollover);
    measure_one(world, customer, meter);
}

/// Begins a new period of the meter, taking over what may be taken over.
pub(crate) fn restart(world: &mut World, customer: Id<Customer>, meter: Id<Meter>) {
    let Some(organization) = world.meters.find(meter).map(|meter| meter.organization) else {
        return;
    };
    let rollover = Window::open(world, customer, meter).map_or(0, |window| window.rollover());
    let metadata = json!({"meter_id": meter});
    record_system(world, organization, Some(customer), RESET, metadata);
    if rollover > 0 {
        record_credit(world, customer, meter, rollover, true);
    }
    measure_one(world, customer, meter);
}

/// When the meter was last reset for the customer.
pub(crate) fn last_reset(
    world: &World,
    customer: Id<Customer>,
    meter: Id<Meter>,
) -> Option<Timestamp> {
    let customer = world.customers.find(customer)?;
    let resets = world.events.about(customer);
    resets
        .filter(|event| event.name == RESET && concerns(event, meter))
        .map(|event| event.ingested_at)
        .max()
}

/// True for a system event about the meter.
pub(super) fn concerns(event: &Event, meter: Id<Meter>) -> bool {
    let named = event.metadata.get("meter_id").and_then(|id| id.as_str());
    event.source == Source::System && named.and_then(Id::parse) == Some(meter)
}

fn record_credit(
    world: &mut World,
    customer: Id<Customer>,
    meter: Id<Meter>,
    units: i64,
    rollover: bool,
) {
    let Some(organization) = world.meters.find(meter).map(|meter| meter.organization) else {
        return;
    };
    let metadata = json!({"meter_id": meter, "units": units, "rollover": rollover});
    record_system(world, organization, Some(customer), CREDITED, metadata);
}
