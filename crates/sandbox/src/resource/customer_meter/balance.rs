//! The arithmetic of a balance: what was used and what was credited since the last reset.

use jiff::Timestamp;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value;

use super::credit::{CREDITED, RESET, concerns, last_reset};
use crate::resource::customer::Customer;
use crate::resource::event::{Event, Source};
use crate::resource::meter::Meter;
use crate::world::{Id, World};

/// The events of one customer that count for one meter since it was last reset.
#[derive(Debug)]
pub(crate) struct Window<'w> {
    meter: &'w Meter,
    usage: Vec<&'w Event>,
    credits: Vec<Credit>,
    was_reset: bool,
}

/// One credit: so many units, which may or may not be taken into the next period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Credit {
    at: Timestamp,
    units: i64,
    rollover: bool,
}

impl<'w> Window<'w> {
    /// Gathers the events; `None` when there is no such customer or meter.
    pub(crate) fn open(world: &'w World, customer: Id<Customer>, meter: Id<Meter>) -> Option<Self> {
        let customer = world.customers.find(customer)?;
        let meter = world.meters.find(meter)?;
        let since = last_reset(world, customer.id, meter.id);
        let events = || {
            let all = world.events.about(customer);
            all.filter(move |event| since.is_none_or(|since| event.ingested_at >= since))
        };
        let usage = events()
            .filter(|event| event.source == Source::User && meter.counts(event))
            .collect();
        let mut credits: Vec<_> = events()
            .filter(|event| event.name == CREDITED && concerns(event, meter.id))
            .map(Credit::read)
            .collect();
        credits.sort_by_key(|credit| credit.at);
        Some(Self {
            was_reset: events().any(|event| event.name == RESET && concerns(event, meter.id)),
            meter,
            usage,
            credits,
        })
    }

    /// Leaves out usage and credits that arrived before `since`, as those of a trial did.
    pub(crate) fn billed_since(mut self, since: Option<Timestamp>) -> Self {
        let counts = |at: Timestamp| since.is_none_or(|since| at >= since);
        self.usage.retain(|event| counts(event.ingested_at));
        self.credits.retain(|credit| counts(credit.at));
        self
    }

    /// True when nothing ever happened here.
    pub(crate) const fn is_empty(&self) -> bool {
        self.usage.is_empty() && self.credits.is_empty() && !self.was_reset
    }

    /// The quantity used.
    pub(crate) fn consumed(&self) -> Decimal {
        self.meter.quantity(self.usage.iter().copied())
    }

    /// The units credited.
    pub(crate) fn credited(&self) -> i64 {
        running_sum(self.credits.iter().map(|credit| credit.units))
    }

    /// The unused credits that may be taken into the next period.
    pub(crate) fn rollover(&self) -> i64 {
        let sum = |rollover| {
            let credits = self.credits.iter().filter(|c| c.rollover == rollover);
            running_sum(credits.map(|credit| credit.units))
        };
        rollover(sum(true), sum(false), self.consumed())
    }
}

impl Credit {
    fn read(event: &Event) -> Self {
        let read = |key| event.metadata.get(key);
        Self {
            at: event.timestamp,
            units: read("units").and_then(Value::as_i64).unwrap_or_default(),
            rollover: read("rollover")
                .and_then(Value::as_bool)
                .unwrap_or_default(),
        }
    }
}

/// A sum that never falls below zero on its way: taking back more than there is takes what there is.
fn running_sum(units: impl Iterator<Item = i64>) -> i64 {
    units.fold(0, |sum: i64, units| sum.saturating_add(units).max(0))
}

/// What is left of everything, but no more than what may roll over.
fn rollover(may: i64, may_not: i64, consumed: Decimal) -> i64 {
    let left = Decimal::from(may.saturating_add(may_not)).saturating_sub(consumed);
    left.trunc().to_i64().unwrap_or_default().min(may).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_never_sum_below_zero_on_their_way() {
        for (units, expected) in [
            (vec![100, -40], 60),
            (vec![-50, 100], 100),
            (vec![100, -200, 30], 30),
            (vec![], 0),
        ] {
            assert_eq!(
                running_sum(units.clone().into_iter()),
                expected,
                "{units:?}"
            );
        }
    }

    #[test]
    fn only_what_may_roll_over_and_is_left_rolls_over() {
        for (may, may_not, consumed, expected) in [
            (100, 0, 30, 70),
            (100, 0, 130, 0),
            (100, 50, 30, 100),
            (100, 50, 120, 30),
            (0, 100, 10, 0),
        ] {
            let got = rollover(may, may_not, Decimal::from(consumed));
            assert_eq!(got, expected, "{may} + {may_not} - {consumed}");
        }
        assert_eq!(rollover(10, 0, Decimal::new(55, 1)), 4, "5.5 used of 10");
    }
}
