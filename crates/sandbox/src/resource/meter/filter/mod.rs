//! Which events a meter counts: clauses over properties, joined by and/or, nested.

use std::borrow::Cow;
use std::cmp::Ordering;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::aggregation::number;
use crate::render::plain;
use crate::resource::event::Event;

/// Clauses and how they are joined. None at all means every event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Filter {
    pub(crate) conjunction: Conjunction,
    pub(crate) clauses: Vec<Node>,
}

plain!(Filter);

/// How clauses are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Conjunction {
    And,
    Or,
}

/// A clause, or a filter in its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Node {
    Clause(Clause),
    Filter(Filter),
}

/// One property compared with one value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Clause {
    #[serde(deserialize_with = "bare_property")]
    pub(crate) property: String,
    pub(crate) operator: Operator,
    /// A text, an integer or a boolean.
    pub(crate) value: Value,
}

/// How a property is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operator {
    Eq,
    Ne,
    Gt,
    Gte,
    Lt,
    Lte,
    Like,
    NotLike,
}

/// A `metadata.` in front of a property says nothing and is dropped.
pub(super) fn bare_property<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    let property = String::deserialize(deserializer)?;
    Ok(match property.strip_prefix("metadata.") {
        Some(bare) => bare.to_owned(),
        None => property,
    })
}

impl Filter {
    /// True when the event passes.
    pub(crate) fn matches(&self, event: &Event) -> bool {
        let mut passed = self.clauses.iter().map(|node| match node {
            Node::Clause(clause) => clause.matches(event),
            Node::Filter(filter) => filter.matches(event),
        });
        match self.conjunction {
            Conjunction::And => passed.all(|yes| yes),
            Conjunction::Or => self.clauses.is_empty() || passed.any(|yes| yes),
        }
    }
}

impl Clause {
    fn matches(&self, event: &Event) -> bool {
        let Some(actual) = property(event, &self.property) else {
            return false;
        };
        let reserved = is_reserved(&self.property);
        if reserved && actual.is_number() != self.value.is_number() {
            return false;
        }
        match self.operator {
            Operator::Like => text(&actual).contains(&*text(&self.value)),
            Operator::NotLike => !text(&actual).contains(&*text(&self.value)),
            operator => compare(&actual, &self.value).is_some_and(|order| operator.accepts(order)),
        }
    }
}

impl Operator {
    const fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Eq => order.is_eq(),
            Self::Ne => order.is_ne(),
            Self::Gt => order.is_gt(),
            Self::Gte => order.is_ge(),
            Self::Lt => order.is_lt(),
            Self::Lte => order.is_le(),
            Self::Like | Self::NotLike => false,
        }
    }
}

const fn is_reserved(property: &str) -> bool {
    matches!(property.as_bytes(), b"name" | b"source" | b"timestamp")
}

/// The value of a property; `None` when the event has none.
pub(super) fn property<'e>(event: &'e Event, name: &str) -> Option<Cow<'e, Value>> {
    match name {
        "name" => Some(Cow::Owned(event.name.as_str().into())),
        "source" => Some(Cow::Owned(event.source.word().into())),
        "timestamp" => Some(Cow::Owned(event.timestamp.as_second().into())),
        _ => metadata(event, name).map(Cow::Borrowed),
    }
}

/// A key as it stands, else a path of keys with dots.
fn metadata<'e>(event: &'e Event, name: &str) -> Option<&'e Value> {
    event.metadata.get(name).or_else(|| {
        let mut path = name.split('.');
        let first = event.metadata.get(path.next()?)?;
        path.try_fold(first, |inside, key| inside.get(key))
    })
}

/// Compares as the property's own type has it; `None` when the types cannot be compared.
fn compare(actual: &Value, wanted: &Value) -> Option<Ordering> {
    match actual {
        Value::String(actual) => Some(actual.as_str().cmp(&*text(wanted))),
        Value::Number(_) => {
            let wanted = match wanted {
                Value::Bool(flag) => Decimal::from(u8::from(*flag)),
                other => number(other)?,
            };
            Some(number(actual)?.cmp(&wanted))
        }
        Value::Bool(actual) => Some(actual.cmp(&wanted.as_bool()?)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
