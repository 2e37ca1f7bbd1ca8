//! How counted events become one number.

use std::collections::BTreeSet;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::filter::{bare_property, property};
use crate::render::plain;
use crate::resource::event::Event;

/// One function over the events, and the property it reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "func", rename_all = "snake_case")]
pub(crate) enum Aggregation {
    Count,
    Sum(Property),
    Max(Property),
    Min(Property),
    Avg(Property),
    Unique(Property),
}

plain!(Aggregation);

/// The property an aggregation reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Property {
    #[serde(deserialize_with = "bare_property")]
    pub(crate) property: String,
}

impl Aggregation {
    /// Whether the event has what the function reads: a number for arithmetic, anything for counting.
    pub(crate) fn takes(&self, event: &Event) -> bool {
        match self {
            Self::Count | Self::Unique(_) => true,
            Self::Sum(p) | Self::Max(p) | Self::Min(p) | Self::Avg(p) => {
                property(event, &p.property).is_some_and(|value| value.is_number())
            }
        }
    }

    /// True when the numbers of two spans add up to that of both.
    pub(crate) const fn is_summable(&self) -> bool {
        matches!(self, Self::Count | Self::Sum(_))
    }

    /// The events as one number; none of them is zero.
    pub(crate) fn of<'e>(&self, events: impl IntoIterator<Item = &'e Event>) -> Decimal {
        let events = events.into_iter();
        match self {
            Self::Count => Decimal::from(events.count()),
            Self::Unique(p) => {
                let seen: BTreeSet<String> = events
                    .filter_map(|event| property(event, &p.property))
                    .map(|value| value.to_string())
                    .collect();
                Decimal::from(seen.len())
            }
            Self::Sum(p) => sum(numbers(events, p)).0,
            Self::Max(p) => numbers(events, p).max().unwrap_or_default(),
            Self::Min(p) => numbers(events, p).min().unwrap_or_default(),
            Self::Avg(p) => {
                let (total, count) = sum(numbers(events, p));
                total.checked_div(count).unwrap_or_default()
            }
        }
    }
}

/// Combines the quantities of customers or periods by a function's bare name.
pub(super) fn combine(function: &str, parts: &[Decimal]) -> Decimal {
    let (total, count) = sum(parts.iter().copied());
    match function {
        "sum" => total,
        "max" => parts.iter().copied().max().unwrap_or_default(),
        "min" => parts.iter().copied().min().unwrap_or_default(),
        "avg" => total.checked_div(count).unwrap_or_default(),
        "unique" => Decimal::from(parts.iter().collect::<BTreeSet<_>>().len()),
        _ => count,
    }
}

fn numbers<'e>(
    events: impl Iterator<Item = &'e Event>,
    p: &Property,
) -> impl Iterator<Item = Decimal> {
    events.filter_map(|event| number(&*property(event, &p.property)?))
}

/// Total and count. A total beyond what a decimal holds stays at the last one that fits.
fn sum(numbers: impl Iterator<Item = Decimal>) -> (Decimal, Decimal) {
    numbers.fold((Decimal::ZERO, Decimal::ZERO), |(total, count), n| {
        (total.saturating_add(n), count.saturating_add(Decimal::ONE))
    })
}

/// A JSON number as a decimal; `None` for anything else, and for what no decimal holds.
pub(super) fn number(value: &Value) -> Option<Decimal> {
    let Value::Number(number) = value else {
        return None;
    };
    let text = number.to_string();
    Decimal::from_str(&text)
        .or_else(|_| Decimal::from_scientific(&text))
        .ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn quantity(aggregation: Value) -> String {
        let aggregation: Aggregation = serde_json::from_value(aggregation).unwrap();
        let events: Vec<_> = [
            json!({"n": 5, "user": "a"}),
            json!({"n": 9.5, "user": "b"}),
            json!({"n": -1, "user": "a"}),
            json!({"n": "7", "user": "a"}),
            json!({"n": true}),
        ]
        .into_iter()
        .map(|metadata| Event::sample("e", metadata))
        .collect();
        let taken: Vec<_> = events.iter().filter(|e| aggregation.takes(e)).collect();
        aggregation.of(taken).normalize().to_string()
    }

    #[test]
    fn each_function_computes_over_what_it_can_read() {
        for (function, expected) in [
            ("sum", "13.5"),
            ("max", "9.5"),
            ("min", "-1"),
            ("avg", "4.5"),
        ] {
            assert_eq!(
                quantity(json!({"func": function, "property": "n"})),
                expected,
                "{function}"
            );
        }
        assert_eq!(quantity(json!({"func": "count"})), "5");
        assert_eq!(quantity(json!({"func": "unique", "property": "user"})), "2");
        assert_eq!(
            quantity(json!({"func": "sum", "property": "metadata.n"})),
            "13.5"
        );
    }

    #[test]
    fn nothing_is_zero() {
        for aggregation in [
            json!({"func": "count"}),
            json!({"func": "avg", "property": "n"}),
        ] {
            let aggregation: Aggregation = serde_json::from_value(aggregation).unwrap();
            assert_eq!(aggregation.of([]), Decimal::ZERO);
        }
    }
}
