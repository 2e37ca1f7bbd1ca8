//! The range of a report and its periods, in the seller's own time zone.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Zoned};
use serde_json::{Value, json};

use crate::call::Call;
use crate::failure::{Failure, Flaw};

/// Intervals with the shortest and longest range, in days, that each may cut.
const INTERVALS: &[(&str, i32, i32)] = &[
    ("hour", 0, 7),
    ("day", 0, 366),
    ("week", 14, 371),
    ("month", 60, 1460),
    ("year", 366, 3650),
];
/// Polar has no figures from before.
const FIRST: Date = jiff::civil::date(2023, 1, 1);
/// More than the longest range has hours, days, weeks, months or years.
const PERIODS_MAX: usize = 400;

/// From the start of one day to the end of another.
#[derive(Debug)]
pub(super) struct Range {
    first: Date,
    last: Date,
    interval: String,
    zone: TimeZone,
}

impl Range {
    /// What the call asks for, within the limits.
    pub(super) fn read(call: &Call) -> Result<Self, Failure> {
        let query = &call.query;
        let date = |name| query.get(name).and_then(|text| text.parse::<Date>().ok());
        let range = Self {
            first: date("start_date").unwrap_or(FIRST),
            last: date("end_date").unwrap_or(FIRST),
            interval: query.get("interval").unwrap_or("day").to_owned(),
            zone: query
                .get("timezone")
                .and_then(|name| TimeZone::get(name).ok())
                .unwrap_or(TimeZone::UTC),
        };
        if range.first < FIRST {
            let message = format!("Start date must be after or equal to {FIRST}.");
            return Err(refuse(
                &["query", "start_date"],
                message,
                json!(range.first),
            ));
        }
        if range.last < range.first {
            let message = "End date must be after start date.".to_owned();
            return Err(refuse(&["query", "end_date"], message, json!(range.last)));
        }
        range.check_length()?;
        Ok(range)
    }

    fn check_length(&self) -> Result<(), Failure> {
        let days = (self.last - self.first).get_days();
        let fits = INTERVALS.iter().any(|(name, shortest, longest)| {
            *name == self.interval && (*shortest..=*longest).contains(&days)
        });
        if fits {
            return Ok(());
        }
        let message =
            "The interval is too big. Try to change the interval or reduce the date range.";
        let input = json!([self.first, self.last, self.interval]);
        Err(refuse(&["query"], message.to_owned(), input))
    }

    /// Each period's start and end.
    pub(super) fn periods(&self) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let last = self.last;
        let starts = (0..)
            .take(PERIODS_MAX)
            .map_while(move |step| self.start(step))
            .take_while(move |start| start.date() <= last);
        starts.map(|start| {
            let end = start.checked_add(self.step(1));
            let end = end.map_or(Timestamp::MAX, |end| end.timestamp());
            (start.timestamp(), end)
        })
    }

    fn start(&self, step: i64) -> Option<Zoned> {
        let first = match self.interval.as_str() {
            "week" => {
                let monday = self.first.weekday().to_monday_zero_offset();
                self.first.saturating_sub(i64::from(monday).days())
            }
            "month" => self.first.first_of_month(),
            "year" => self.first.first_of_year(),
            _ => self.first,
        };
        let first = first.to_zoned(self.zone.clone()).ok()?;
        first.checked_add(self.step(step)).ok()
    }

    fn step(&self, count: i64) -> Span {
        match self.interval.as_str() {
            "hour" => count.hours(),
            "week" => count.weeks(),
            "month" => count.months(),
            "year" => count.years(),
            _ => count.days(),
        }
    }
}

/// What ranges each interval may cut.
pub(super) fn limits() -> Value {
    let intervals: serde_json::Map<_, _> = INTERVALS
        .iter()
        .map(|(name, shortest, longest)| {
            let shown = json!({"min_days": shortest, "max_days": longest});
            ((*name).to_owned(), shown)
        })
        .collect();
    json!({"min_date": FIRST, "intervals": intervals})
}

fn refuse(at: &[&str], message: String, input: Value) -> Failure {
    Failure::refused(Flaw {
        kind: "value_error",
        at: at.iter().map(|part| Value::from(*part)).collect(),
        message,
        input,
        context: None,
    })
}
