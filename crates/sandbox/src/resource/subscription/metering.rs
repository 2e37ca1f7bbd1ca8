//! The meter clock: usage that is billed more often than the subscription.

use jiff::Timestamp;

use super::{Subscription, begin, bill, cycle};
use crate::resource::subscription_meter;
use crate::world::{Id, Job, World};

impl Subscription {
    /// Starts the meter clock with a period, or stops it. Nothing ticks where usage has no cycle of its own.
    pub(super) fn start_metering(&mut self, start: Option<Timestamp>) {
        let running = start.zip(self.meter_cycle);
        self.meter_period_start = running.map(|(start, _)| start);
        self.meter_period_end = running.map(|(start, cycle)| cycle.after(start, self.anchor_day));
    }

    /// When a period of it is over: its own or its meters'.
    pub(super) fn next_end(&self) -> Timestamp {
        let meters = self.meter_period_end.unwrap_or(self.period_end);
        self.period_end.min(meters)
    }
}

/// The meter period is over: what was used is billed by itself, and credits are given anew. While money is
/// owed the clock goes on and nothing else: that usage is billed when the money has come.
pub(super) fn turn(world: &mut World, id: Id<Subscription>) {
    let Some(row) = world.subscriptions.find(id) else {
        return;
    };
    let Some((meter_cycle, boundary)) = row.meter_cycle.zip(row.meter_period_end) else {
        return;
    };
    if row.is_active() {
        cycle::drop_spent_discount(world, id, boundary);
        bill::usage(world, id);
        subscription_meter::restart(world, id);
        world.agenda.soon(Job::CycleGrants(id));
    }
    if let Some(row) = world.subscriptions.find_mut(id) {
        row.meter_period_start = Some(boundary);
        row.meter_period_end = Some(meter_cycle.after(boundary, row.anchor_day));
    }
    begin::plan_cycle(world, id);
}

/// Money came after all: what was used while it was owed is billed, and counting begins anew.
pub(super) fn thaw(world: &mut World, id: Id<Subscription>) {
    let row = world.subscriptions.find(id);
    if row.is_some_and(|row| row.meter_cycle.is_some()) {
        bill::usage(world, id);
        subscription_meter::restart(world, id);
    }
}

/// The prices are about to change, or it is about to end: what was used till now is billed first.
pub(super) fn settle(world: &mut World, id: Id<Subscription>) {
    let row = world.subscriptions.find(id);
    if row.is_some_and(|row| row.meter_period_end.is_some()) {
        bill::usage(world, id);
        subscription_meter::bill_from_now(world, id);
    }
}
