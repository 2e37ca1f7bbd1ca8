//! The events that use so many units of a meter: made to pass its filter and to add up to them.

use jiff::Timestamp;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde_json::{Map, Value};

use super::{Clause, DEPTH_MAX, Filter, Meter};
use crate::usage::balance::number;
use crate::usage::check::NAME_CHARS_MAX;
use crate::usage::{EVENTS_MAX, Event};

/// What the events say besides.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// What they are known by; of several, each has its number after it.
    pub(crate) id: String,
    pub(crate) customer: String,
    /// As the meter has it, unless told.
    pub(crate) name: Option<String>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) timestamp: Timestamp,
}

/// Why no events use exactly so many units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("meter: it takes the max, min, avg or unique of events, and units do not add up")]
    Aggregation,
    #[error("meter: it adds up a value inside another, which only `track` can report")]
    Nested,
    #[error("units: the meter counts events, 1 to 1000 of them at once and no parts")]
    Count,
    #[error("meter: its filter asks for what only the event itself can say; use `track`")]
    Filter,
    #[error("name, metadata: an event with these does not count as so many units of the meter")]
    Contradiction,
}

impl Meter {
    /// The events that use so many units: one for a meter that adds up, as many as there are units
    /// for one that counts.
    pub(crate) fn events(&self, draft: Draft, units: Decimal) -> Result<Vec<Event>, Unfit> {
        let told = draft.name.is_some() || !draft.metadata.is_empty();
        let mut event = Event {
            name: draft.name.unwrap_or_default(),
            external_customer_id: Some(draft.customer),
            customer_id: None,
            parent_id: None,
            member_id: None,
            external_member_id: None,
            external_id: draft.id,
            timestamp: draft.timestamp,
            metadata: draft.metadata,
        };
        let (events, units_of_each) = self.shares(&mut event, units)?;
        self.filter.satisfy(&mut event, 0);
        if event.name.is_empty() {
            event.name = self.usual_name();
        }
        if self.units(&event) != Some(units_of_each) {
            return Err(if told {
                Unfit::Contradiction
            } else {
                Unfit::Filter
            });
        }
        Ok(numbered(event, events))
    }

    /// How many events there are to be and of how many units each, which the event is told.
    fn shares(&self, event: &mut Event, units: Decimal) -> Result<(usize, Decimal), Unfit> {
        match (self.aggregation.func.as_str(), &self.aggregation.property) {
            ("count", _) => {
                let whole = units.is_integer().then(|| units.to_usize()).flatten();
                let events = whole.filter(|events| (1..=EVENTS_MAX).contains(events));
                Ok((events.ok_or(Unfit::Count)?, Decimal::ONE))
            }
            ("sum", Some(property)) => {
                let key = flat(property).ok_or(Unfit::Nested)?;
                event.metadata.insert(key, number(units).into());
                Ok((1, units))
            }
            _ => Err(Unfit::Aggregation),
        }
    }

    /// What an event is called that may be called anything.
    fn usual_name(&self) -> String {
        let name: String = self.name.chars().take(NAME_CHARS_MAX).collect();
        if name.trim().is_empty() {
            "usage".to_owned()
        } else {
            name
        }
    }
}

impl Filter {
    /// Has the event say what is asked for and it does not say yet; what it says already stays.
    fn satisfy(&self, event: &mut Event, depth: u8) {
        if depth > DEPTH_MAX {
            return;
        }
        let one_will_do = self.conjunction == "or";
        if one_will_do && self.matches(event, depth) {
            return;
        }
        for clause in &self.clauses {
            let mut tried = event.clone();
            clause.satisfy(&mut tried, depth);
            if clause.holds(&tried, depth) {
                *event = tried;
                if one_will_do {
                    return;
                }
            }
        }
    }
}

impl Clause {
    fn satisfy(&self, event: &mut Event, depth: u8) {
        match self {
            Self::Filter(filter) => filter.satisfy(event, depth + 1),
            Self::Test {
                property,
                operator,
                value,
            } if matches!(operator.as_str(), "eq" | "gte" | "lte" | "like") => {
                match (property.as_str(), value) {
                    ("name", Value::String(name)) if event.name.is_empty() => {
                        event.name.clone_from(name);
                    }
                    ("name" | "source" | "timestamp", _) => {}
                    (property, value) => {
                        if let Some(key) = flat(property) {
                            event.metadata.entry(key).or_insert_with(|| value.clone());
                        }
                    }
                }
            }
            Self::Test { .. } => {}
        }
    }
}

/// The key of the metadata a property means, unless it lies deeper or is none of it.
fn flat(property: &str) -> Option<String> {
    let key = property.strip_prefix("metadata.").unwrap_or(property);
    let own = matches!(property, "name" | "source" | "timestamp");
    (!own && !key.is_empty() && !key.contains('.')).then(|| key.to_owned())
}

fn numbered(event: Event, count: usize) -> Vec<Event> {
    if count == 1 {
        return vec![event];
    }
    let one = |nth| Event {
        external_id: format!("{}#{nth}", event.external_id),
        ..event.clone()
    };
    (1..=count).map(one).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn meter(filter: &Value, aggregation: &Value) -> Meter {
        let meter = json!({"name": "API calls", "filter": filter, "aggregation": aggregation});
        serde_json::from_value(meter).unwrap()
    }

    fn all(clauses: &Value) -> Value {
        json!({"conjunction": "and", "clauses": clauses})
    }

    fn test(property: &str, operator: &str, value: &Value) -> Value {
        json!({"property": property, "operator": operator, "value": value})
    }

    fn sum(clauses: &Value) -> Meter {
        meter(&all(clauses), &json!({"func": "sum", "property": "units"}))
    }

    fn draft(name: Option<&str>, metadata: &Value) -> Draft {
        Draft {
            id: "r".to_owned(),
            customer: "u_1".to_owned(),
            name: name.map(str::to_owned),
            metadata: metadata.as_object().unwrap().clone(),
            timestamp: Timestamp::UNIX_EPOCH,
        }
    }

    fn units(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn an_event_says_what_the_filter_asks_for() {
        let deep = json!({"conjunction": "or", "clauses": [
            test("metadata.tier", "ne", &json!("free")), test("tier", "eq", &json!("pro")),
        ]});
        let meter = sum(&json!([
            test("name", "eq", &json!("call")),
            test("source", "eq", &json!("user")),
            test("metadata.kind", "like", &json!("chat")),
            test("size", "gte", &json!(10)),
            test("units", "gt", &json!(0)),
            deep,
        ]));
        let events = meter
            .events(
                draft(None, &json!({"size": 12, "more": true})),
                units("2.5"),
            )
            .unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(
            (events[0].name.as_str(), events[0].external_id.as_str()),
            ("call", "r")
        );
        assert_eq!(
            Value::Object(events[0].metadata.clone()),
            json!({"size": 12, "more": true, "units": 2.5, "kind": "chat", "tier": "pro"})
        );
    }

    #[test]
    fn a_meter_that_counts_gets_as_many_events() {
        let meter = meter(&all(&json!([])), &json!({"func": "count"}));
        let events = meter.events(draft(None, &json!({})), units("3.0")).unwrap();
        let ids: Vec<&str> = events
            .iter()
            .map(|event| event.external_id.as_str())
            .collect();
        assert_eq!(ids, ["r#1", "r#2", "r#3"]);
        assert_eq!(events[0].name, "API calls");
        for wrong in ["0.5", "1001"] {
            let refused = meter.events(draft(None, &json!({})), units(wrong));
            assert_eq!(refused.unwrap_err(), Unfit::Count, "{wrong}");
        }
    }

    #[test]
    fn what_cannot_come_to_so_many_units_is_refused() {
        let empty = || draft(None, &json!({}));
        for (meter, draft, why) in [
            (
                meter(&all(&json!([])), &json!({"func": "max", "property": "x"})),
                empty(),
                Unfit::Aggregation,
            ),
            (
                meter(
                    &all(&json!([])),
                    &json!({"func": "sum", "property": "_llm.total_tokens"}),
                ),
                empty(),
                Unfit::Nested,
            ),
            (
                meter(
                    &all(&json!([])),
                    &json!({"func": "sum", "property": "timestamp"}),
                ),
                empty(),
                Unfit::Nested,
            ),
            (
                sum(&json!([test("path", "ne", &json!("/free"))])),
                empty(),
                Unfit::Filter,
            ),
            (
                sum(&json!([test("units", "lt", &json!(5))])),
                empty(),
                Unfit::Filter,
            ),
            (
                sum(&json!([test("source", "eq", &json!("system"))])),
                empty(),
                Unfit::Filter,
            ),
            (
                sum(&json!([test("name", "eq", &json!("call"))])),
                draft(Some("other"), &json!({})),
                Unfit::Contradiction,
            ),
            (
                sum(&json!([test("kind", "eq", &json!("chat"))])),
                draft(None, &json!({"kind": 1})),
                Unfit::Contradiction,
            ),
        ] {
            let refused = meter.events(draft, units("7"));
            assert_eq!(refused.unwrap_err(), why, "{meter:?}");
        }
    }

    #[test]
    fn units_told_by_the_caller_give_way_to_those_that_were_reserved() {
        let meter = sum(&json!([]));
        let events = meter
            .events(draft(None, &json!({"units": 1})), units("7"))
            .unwrap();
        assert_eq!(meter.units(&events[0]), Some(units("7")));
    }
}
