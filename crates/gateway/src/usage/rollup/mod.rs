//! Roll-up: events that a meter adds up, or takes the highest of, become one where that changes no
//! figure. Off unless configuration names the event, the property and how long to gather.
//!
//! Which events may go as one is written down with each when it is accepted. What they go as is
//! written down before it is sent, with an id of its own, so that it is the same however often that
//! happens; its parts settle with it.

pub(super) mod vet;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use jiff::{SignedDuration, Timestamp};
use polarkit_store::{Bundle, Pending};
use rust_decimal::Decimal;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::Event;
use super::balance::number;
use super::meter::decimal;
use crate::config::{Func, Rollup};

/// Figures of more digits may change on their way through other people's floating point.
const EXACT_BELOW: i64 = 1_000_000_000_000_000;

/// What says that events may go as one: the rule, the customer, the window, and all else they say.
/// `None` for an event that goes alone.
pub(super) fn key(rules: &[Rollup], event: &Event) -> Option<String> {
    let rule = rule_of(rules, event)?;
    amount(rule, event)?;
    let stands_alone = event.parent_id.is_some()
        || event.metadata.contains_key("_cost")
        || event.metadata.contains_key("_llm");
    if stands_alone {
        return None;
    }
    let others = event
        .metadata
        .iter()
        .filter(|(key, _)| **key != rule.property);
    let others: BTreeMap<&String, &Value> = others.collect();
    let said = (
        (&rule.event, rule.func.name(), &rule.property),
        window(rule, event.timestamp),
        (&event.external_customer_id, event.customer_id),
        (event.member_id, &event.external_member_id),
        others,
    );
    let said = serde_json::to_vec(&said).ok()?;
    Some(BASE64.encode(Sha256::digest(said)))
}

/// How long an event waits for others of its window.
pub(super) fn wait(rules: &[Rollup], event: &Event, now: Timestamp) -> SignedDuration {
    let Some(rule) = rule_of(rules, event) else {
        return SignedDuration::ZERO;
    };
    let ends = (window(rule, event.timestamp) + 1).saturating_mul(i64::from(rule.seconds));
    let ends = Timestamp::from_second(ends).unwrap_or(now);
    ends.duration_since(now).max(SignedDuration::ZERO)
}

fn rule_of<'a>(rules: &'a [Rollup], event: &Event) -> Option<&'a Rollup> {
    rules.iter().find(|rule| rule.event == event.name)
}

fn window(rule: &Rollup, at: Timestamp) -> i64 {
    at.as_second().div_euclid(i64::from(rule.seconds.max(1)))
}

fn amount(rule: &Rollup, event: &Event) -> Option<Decimal> {
    let Some(Value::Number(amount)) = event.metadata.get(&rule.property) else {
        return None;
    };
    decimal(amount).filter(is_exact)
}

fn is_exact(amount: &Decimal) -> bool {
    let mantissa = amount.normalize().mantissa();
    mantissa.unsigned_abs() < u128::from(EXACT_BELOW.unsigned_abs())
}

/// Makes one event of each that may go as one, where there are several.
pub(super) fn bundles(rules: &[Rollup], due: &[&Pending]) -> Vec<Bundle> {
    let mut alike: BTreeMap<&str, Vec<Event>> = BTreeMap::new();
    for pending in due {
        let event = serde_json::from_str(&pending.body).ok();
        // Configuration may have changed since it was accepted.
        let still = |event: &Event| key(rules, event) == pending.rollup;
        if let (Some(key), Some(event)) = (&pending.rollup, event.filter(still)) {
            alike.entry(key).or_default().push(event);
        }
    }
    let several = alike.into_values().filter(|events| events.len() > 1);
    several
        .filter_map(|events| bundle(rules, &events))
        .collect()
}

fn bundle(rules: &[Rollup], events: &[Event]) -> Option<Bundle> {
    let first = events.first()?;
    let rule = rule_of(rules, first)?;
    let mut all = Decimal::ZERO;
    for (index, event) in events.iter().enumerate() {
        let amount = amount(rule, event)?;
        all = match rule.func {
            Func::Sum => all.checked_add(amount)?,
            Func::Max if index == 0 => amount,
            Func::Max => all.max(amount),
        };
    }
    let event = Event {
        external_id: Uuid::now_v7().to_string(),
        timestamp: events.iter().map(|event| event.timestamp).max()?,
        metadata: with(
            &first.metadata,
            &rule.property,
            number(Some(all).filter(is_exact)?),
        ),
        ..first.clone()
    };
    Some(Bundle {
        id: event.external_id.clone(),
        used_at: event.timestamp.as_microsecond(),
        body: serde_json::to_string(&event).ok()?,
        parts: events
            .iter()
            .map(|event| event.external_id.clone())
            .collect(),
    })
}

fn with(
    metadata: &Map<String, Value>,
    property: &str,
    amount: serde_json::Number,
) -> Map<String, Value> {
    let mut metadata = metadata.clone();
    metadata.insert(property.to_owned(), Value::Number(amount));
    metadata
}
