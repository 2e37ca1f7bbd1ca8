//! What one event would do to a meter, and which events would use so many of its units: the meter's
//! own filter and aggregation. Pure.

mod compose;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

pub(crate) use self::compose::Draft;
use super::Event;

/// Nested filters deeper than this match nothing.
const DEPTH_MAX: u8 = 8;

/// A meter's definition, as far as it decides what counts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Meter {
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) filter: Filter,
    pub(crate) aggregation: Aggregation,
}

/// Clauses that must all, or in part, hold.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Filter {
    conjunction: String,
    #[serde(default)]
    clauses: Vec<Clause>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Clause {
    Filter(Filter),
    Test {
        property: String,
        operator: String,
        value: Value,
    },
}

/// How matching events add up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Aggregation {
    func: String,
    #[serde(default)]
    property: Option<String>,
}

impl Meter {
    /// How many units the event consumes; `None` when the aggregation does not add up.
    pub(crate) fn units(&self, event: &Event) -> Option<Decimal> {
        if !self.filter.matches(event, 0) {
            return Some(Decimal::ZERO);
        }
        match (self.aggregation.func.as_str(), &self.aggregation.property) {
            ("count", _) => Some(Decimal::ONE),
            ("sum", Some(property)) => Some(number(property, event).unwrap_or_default()),
            _ => None,
        }
    }
}

impl Filter {
    fn matches(&self, event: &Event, depth: u8) -> bool {
        if depth > DEPTH_MAX {
            return false;
        }
        let mut holds = self.clauses.iter().map(|clause| clause.holds(event, depth));
        match self.conjunction.as_str() {
            "or" => self.clauses.is_empty() || holds.any(|one| one),
            _ => holds.all(|one| one),
        }
    }
}

impl Clause {
    fn holds(&self, event: &Event, depth: u8) -> bool {
        match self {
            Self::Filter(filter) => filter.matches(event, depth + 1),
            Self::Test {
                property,
                operator,
                value,
            } => find(property, event).is_some_and(|found| test(&found, operator, value)),
        }
    }
}

/// A text compares with texts, a number with numbers, a boolean with booleans; anything else is no.
fn test(found: &Value, operator: &str, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::String(found), Value::String(wanted)) => match operator {
            "like" => found.contains(wanted.as_str()),
            "not_like" => !found.contains(wanted.as_str()),
            _ => ordered(operator, found.as_str().cmp(wanted.as_str())),
        },
        (Value::Number(found), Value::Number(wanted)) => decimal(found)
            .zip(decimal(wanted))
            .is_some_and(|(found, wanted)| ordered(operator, found.cmp(&wanted))),
        (Value::Bool(found), Value::Bool(wanted)) => ordered(operator, found.cmp(wanted)),
        _ => false,
    }
}

fn ordered(operator: &str, order: std::cmp::Ordering) -> bool {
    match operator {
        "eq" => order.is_eq(),
        "ne" => order.is_ne(),
        "gt" => order.is_gt(),
        "gte" => order.is_ge(),
        "lt" => order.is_lt(),
        "lte" => order.is_le(),
        _ => false,
    }
}

/// The event's own properties, else a path into its metadata.
fn find(property: &str, event: &Event) -> Option<Value> {
    match property {
        "name" => return Some(event.name.clone().into()),
        "source" => return Some("user".into()),
        "timestamp" => return Some(event.timestamp.as_second().into()),
        _ => {}
    }
    let mut steps = property
        .strip_prefix("metadata.")
        .unwrap_or(property)
        .split('.');
    let first = event.metadata.get(steps.next()?)?;
    steps
        .try_fold(first, |value, step| value.get(step))
        .cloned()
}

fn number(property: &str, event: &Event) -> Option<Decimal> {
    match find(property, event)? {
        Value::Number(number) => decimal(&number),
        _ => None,
    }
}

/// A JSON number, exactly where it can be.
pub(crate) fn decimal(number: &Number) -> Option<Decimal> {
    let text = number.to_string();
    text.parse()
        .ok()
        .or_else(|| Decimal::from_scientific(&text).ok())
}
