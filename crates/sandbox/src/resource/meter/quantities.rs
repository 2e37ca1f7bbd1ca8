//! `GET /v1/meters/{id}/quantities`

use std::collections::BTreeMap;

use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Zoned};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::aggregation::combine;
use super::{Meter, get};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::render;
use crate::reply::Reply;
use crate::resource::event::{Audience, Event};
use crate::world::World;

/// The most periods one answer may have; the ranges below keep it there.
const PERIODS_MAX: usize = 400;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let meter = get::own(world, call)?;
    let asked = Asked::read(call)?;
    let audience = Audience::read(world, call);
    let events: Vec<&Event> = world
        .events
        .iter()
        .filter(|event| meter.counts(event))
        .filter(|event| audience.includes(event))
        .filter(|event| call.query.allows_metadata(&event.metadata))
        .collect();
    let function = call.query.get("customer_aggregation_function");
    let quantity = |events: &[&Event]| match function {
        None => meter.quantity(events.iter().copied()),
        Some(function) => by_customer(meter, function, events),
    };
    let mut by_period: BTreeMap<DateTime, Vec<&Event>> = BTreeMap::new();
    for event in events {
        let period = asked.interval.start_of(&asked.local(event.timestamp));
        by_period.entry(period).or_default().push(event);
    }
    let mut within = Vec::new();
    let mut quantities = Vec::new();
    for moment in asked.moments() {
        let period = asked.interval.start_of(&moment);
        let events = by_period.remove(&period).unwrap_or_default();
        quantities.push(json!({
            "timestamp": render::time(moment.timestamp()),
            "quantity": render::quantity(quantity(&events)),
        }));
        within.extend(events);
    }
    let total = quantity(&within);
    Ok(json!({"quantities": quantities, "total": render::quantity(total)}).into())
}

fn by_customer(meter: &Meter, function: &str, events: &[&Event]) -> Decimal {
    let mut customers: BTreeMap<_, Vec<&Event>> = BTreeMap::new();
    for event in events {
        customers
            .entry((event.customer, event.external_customer.as_deref()))
            .or_default()
            .push(event);
    }
    let parts: Vec<_> = customers
        .into_values()
        .map(|events| meter.quantity(events))
        .collect();
    combine(function, &parts)
}

/// The range, its steps, and whose days they are.
struct Asked {
    start: Timestamp,
    end: Timestamp,
    interval: Interval,
    zone: TimeZone,
}

#[derive(Clone, Copy)]
enum Interval {
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl Asked {
    fn read(call: &Call) -> Result<Self, Failure> {
        let query = &call.query;
        let start = query.time("start_timestamp").unwrap_or_default();
        let end = query.time("end_timestamp").unwrap_or_default();
        let interval = match query.get("interval") {
            Some("hour") => Interval::Hour,
            Some("week") => Interval::Week,
            Some("month") => Interval::Month,
            Some("year") => Interval::Year,
            _ => Interval::Day,
        };
        let zone = query
            .get("timezone")
            .and_then(|name| TimeZone::get(name).ok())
            .unwrap_or(TimeZone::UTC);
        let days = end.duration_since(start).as_hours() / 24;
        if days > interval.days_max() {
            return Err(Failure::refused(Flaw {
                kind: "value_error",
                at: vec!["query".into()],
                message: "The interval is too small for the given date range. Use a larger interval or reduce the date range.".to_owned(),
                input: json!([render::time(start), render::time(end), query.get("interval").map(Value::from)]),
                context: None,
            }));
        }
        Ok(Self {
            start,
            end,
            interval,
            zone,
        })
    }

    fn local(&self, moment: Timestamp) -> Zoned {
        moment.to_zoned(self.zone.clone())
    }

    /// From the start in whole steps to the end.
    fn moments(&self) -> impl Iterator<Item = Zoned> {
        let first = self.local(self.start);
        (0..)
            .take(PERIODS_MAX)
            .map_while(move |step| first.checked_add(self.interval.steps(step)).ok())
            .take_while(|moment| moment.timestamp() <= self.end)
    }
}

impl Interval {
    fn steps(self, count: i64) -> Span {
        match self {
            Self::Hour => count.hours(),
            Self::Day => count.days(),
            Self::Week => count.weeks(),
            Self::Month => count.months(),
            Self::Year => count.years(),
        }
    }

    const fn days_max(self) -> i64 {
        match self {
            Self::Hour => 7,
            Self::Day => 366,
            Self::Week => 371,
            Self::Month => 1460,
            Self::Year => 3650,
        }
    }

    /// The local beginning of the period that `moment` lies in; weeks begin on Monday.
    fn start_of(self, moment: &Zoned) -> DateTime {
        let date = moment.date();
        match self {
            Self::Hour => date.at(moment.hour(), 0, 0, 0),
            Self::Day => date.at(0, 0, 0, 0),
            Self::Week => {
                let back = i64::from(date.weekday().since(Weekday::Monday));
                date.saturating_sub(back.days()).at(0, 0, 0, 0)
            }
            Self::Month => date.first_of_month().at(0, 0, 0, 0),
            Self::Year => date.first_of_year().at(0, 0, 0, 0),
        }
    }
}
