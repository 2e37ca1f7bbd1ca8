//! What a product's intervals may be.

use serde_json::Value;

use crate::billing::{Cycle, Interval};
use crate::failure::{Failure, Flaw};
use crate::resource::organization::Organization;
use crate::world::{Id, World};

/// An interval and its count, both or neither. `name` is the fields' prefix.
pub(crate) fn pair(
    name: &str,
    interval: Option<Interval>,
    count: Option<i64>,
) -> Result<Option<Cycle>, Failure> {
    let missing = |field: String| {
        let flaw = Flaw::body(
            "missing",
            [Value::from(field)],
            "Field required",
            Value::Null,
        );
        Err(Failure::refused(flaw))
    };
    match (interval, count) {
        (Some(interval), Some(count)) => Ok(Some(Cycle { interval, count })),
        (None, None) => Ok(None),
        (Some(_), None) => missing(format!("{name}_interval_count")),
        (None, Some(_)) => missing(format!("{name}_interval")),
    }
}

/// Usage may be billed more often than the subscription, where the organization has that and it divides evenly.
pub(super) fn meter_cycle(
    world: &World,
    organization: Id<Organization>,
    cycle: Option<Cycle>,
    meter_cycle: Option<Cycle>,
) -> Result<(), Failure> {
    let Some(meter_cycle) = meter_cycle else {
        return Ok(());
    };
    let enabled = world
        .organizations
        .find(organization)
        .is_some_and(|row| row.features.meter_cycling_enabled);
    let message = if !enabled {
        "Meter cycling is not enabled for this organization."
    } else if cycle.is_some_and(|cycle| divides(meter_cycle, cycle)) {
        return Ok(());
    } else {
        "The meter interval must evenly divide the billing interval."
    };
    let input = meter_cycle.interval.word();
    Err(Failure::refused(Flaw::field(
        "meter_interval",
        message,
        input,
    )))
}

/// True when `part` fits into `whole` without a rest.
fn divides(part: Cycle, whole: Cycle) -> bool {
    let (n, m) = (whole.count, part.count);
    if m <= 0 {
        return false;
    }
    match (part.interval, whole.interval) {
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

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(divides(part, whole), fits, "{part:?} in {whole:?}");
        }
    }

    #[test]
    fn half_a_trial_is_refused_at_the_missing_half() {
        let failure = pair("trial", Some(Interval::Day), None).unwrap_err();
        let Failure::Refused(flaws) = failure else {
            panic!("{failure:?}")
        };
        assert_eq!(flaws[0].at, ["body", "trial_interval_count"]);
        assert_eq!(flaws[0].kind, "missing");
    }
}
