//! Billing periods: months keep the day they began on, as far as each month has that day.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::render::plain;

/// The unit of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Interval {
    Day,
    Week,
    Month,
    Year,
}

plain!(Interval);

impl Interval {
    /// Polar's word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

/// So many units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cycle {
    pub(crate) interval: Interval,
    pub(crate) count: i64,
}

/// The day of the month that periods beginning at `start` are anchored on.
pub(crate) fn anchor_day(start: Timestamp) -> i8 {
    start.to_zoned(TimeZone::UTC).day()
}

impl Cycle {
    /// The end of a period that starts at `start`. Months and years aim at `anchor`, the day of the
    /// month on which it all began, and take the month's last day where it is too short.
    pub(crate) fn after(self, start: Timestamp, anchor: i8) -> Timestamp {
        match self.interval {
            Interval::Day => add_days(start, self.count),
            Interval::Week => add_days(start, self.count.saturating_mul(7)),
            Interval::Month => add_months(start, self.count, anchor),
            Interval::Year => add_months(start, self.count.saturating_mul(12), anchor),
        }
    }

    /// The end of a period that starts at `start` and sets its own anchor.
    pub(crate) fn from(self, start: Timestamp) -> Timestamp {
        self.after(start, anchor_day(start))
    }
}

impl Cycle {
    /// True when so many of these fill `whole` without a rest, wherever it begins.
    pub(crate) const fn divides(self, whole: Self) -> bool {
        let (n, m) = (whole.count, self.count);
        if m <= 0 {
            return false;
        }
        match (self.interval, whole.interval) {
            (Interval::Day, Interval::Day)
            | (Interval::Week, Interval::Week)
            | (Interval::Month, Interval::Month)
            | (Interval::Year, Interval::Year) => n % m == 0,
            (Interval::Day, Interval::Week) => (7 * n) % m == 0,
            (Interval::Day, Interval::Month | Interval::Year) => m == 1,
            (Interval::Month, Interval::Year) => (12 * n) % m == 0,
            (Interval::Week | Interval::Month | Interval::Year, _) => false,
        }
    }
}

fn add_days(start: Timestamp, days: i64) -> Timestamp {
    start
        .saturating_add(SignedDuration::from_hours(days.saturating_mul(24)))
        .unwrap_or(Timestamp::MAX)
}

fn add_months(start: Timestamp, months: i64, anchor: i8) -> Timestamp {
    let zoned = start.to_zoned(TimeZone::UTC);
    let index = i64::from(zoned.year()) * 12 + i64::from(zoned.month()) - 1 + months;
    let year = i16::try_from(index.div_euclid(12)).unwrap_or(i16::MAX);
    let month = i8::try_from(index.rem_euclid(12) + 1).unwrap_or(12);
    Date::new(year, month, 1)
        .and_then(|first| Date::new(year, month, anchor.clamp(1, first.days_in_month())))
        .and_then(|date| date.to_datetime(zoned.time()).to_zoned(TimeZone::UTC))
        .map_or(Timestamp::MAX, |end| end.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn months_keep_their_anchor_day_clamped_to_the_month() {
        let cases = [
            ("2026-01-31T10:00:00Z", 1, 31, "2026-02-28T10:00:00Z"),
            ("2026-02-28T10:00:00Z", 1, 31, "2026-03-31T10:00:00Z"),
            ("2024-01-31T10:00:00Z", 1, 31, "2024-02-29T10:00:00Z"),
            ("2026-11-30T23:59:59Z", 3, 30, "2027-02-28T23:59:59Z"),
            ("2026-12-15T00:00:00.5Z", 1, 15, "2027-01-15T00:00:00.5Z"),
            ("2026-05-31T10:00:00Z", 1, 31, "2026-06-30T10:00:00Z"),
        ];
        for (start, count, anchor, end) in cases {
            let cycle = Cycle {
                interval: Interval::Month,
                count,
            };
            assert_eq!(cycle.after(at(start), anchor), at(end), "{start} + {count}");
        }
    }

    #[test]
    fn a_leap_day_returns_after_four_years() {
        let year = |count| Cycle {
            interval: Interval::Year,
            count,
        };
        let start = at("2024-02-29T12:00:00Z");
        assert_eq!(year(1).after(start, 29), at("2025-02-28T12:00:00Z"));
        assert_eq!(year(4).after(start, 29), at("2028-02-29T12:00:00Z"));
    }

    #[test]
    fn a_meter_cycle_divides_the_billing_cycle_without_a_rest() {
        use Interval::{Day, Month, Week, Year};
        let of = |interval, count| Cycle { interval, count };
        let cases = [
            (of(Day, 1), of(Month, 1), true),
            (of(Day, 2), of(Month, 1), false),
            (of(Day, 7), of(Week, 2), true),
            (of(Day, 4), of(Week, 1), false),
            (of(Month, 5), of(Year, 1), false),
            (of(Month, 3), of(Year, 1), true),
            (of(Week, 1), of(Month, 1), false),
            (of(Year, 1), of(Month, 1), false),
        ];
        for (part, whole, fits) in cases {
            assert_eq!(part.divides(whole), fits, "{part:?} in {whole:?}");
        }
    }

    #[test]
    fn days_and_weeks_are_plain_additions() {
        let start = at("2026-01-31T10:00:00Z");
        let days = |interval, count| Cycle { interval, count }.from(start);
        assert_eq!(days(Interval::Day, 1), at("2026-02-01T10:00:00Z"));
        assert_eq!(days(Interval::Week, 6), at("2026-03-14T10:00:00Z"));
    }

    #[test]
    fn an_absurd_cycle_ends_at_the_end_of_time_instead_of_panicking() {
        let start = at("2026-01-31T10:00:00Z");
        for interval in [Interval::Day, Interval::Month, Interval::Year] {
            let cycle = Cycle {
                interval,
                count: 900_000,
            };
            assert!(cycle.from(start) > at("2400-01-01T00:00:00Z"));
        }
    }
}
