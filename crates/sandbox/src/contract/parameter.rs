//! Path and query parameters: texts that become what their shapes say, and texts again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use polarkit_spec::{Kind, Operation, Parameter, ParameterStyle, Shape};
use serde_json::Value;

use super::check::Check;
use super::moment;
use crate::failure::Flaw;
use crate::query::Query;

/// Moments that must say their offset, which the document does not tell.
const AWARE: &[&str] = &[
    "start_timestamp",
    "end_timestamp",
    "created_after",
    "created_before",
    "started_after",
    "started_before",
];

/// Checks the path's parameters and writes ids the usual way.
pub(super) fn path(
    operation: &Operation,
    path: &mut BTreeMap<String, String>,
    flaws: &mut Vec<Flaw>,
    now: Timestamp,
) {
    let mut check = Check::new(now, "path");
    for parameter in operation.path_parameters() {
        let Some(sent) = path.get_mut(&parameter.name) else {
            continue;
        };
        let value = Value::from(sent.as_str());
        let read = check.at(parameter.name.as_str(), |check| {
            check.value(&parameter.shape, &value)
        });
        if let Some(read) = read {
            *sent = text(&read);
        }
    }
    flaws.append(&mut check.flaws);
}

/// Checks the query's parameters and fills in defaults. Unknown ones are kept: some operations
/// understand more than the document says.
pub(super) fn query(
    operation: &Operation,
    query: &str,
    flaws: &mut Vec<Flaw>,
    now: Timestamp,
) -> Query {
    let mut check = Check::new(now, "query");
    let mut pairs = pairs(query);
    for parameter in operation.query_parameters() {
        if parameter.style == Some(ParameterStyle::DeepObject) {
            continue;
        }
        let read = check.at(parameter.name.as_str(), |check| {
            one(check, parameter, &pairs)
        });
        pairs.retain(|(name, _)| *name != parameter.name);
        let texts = match read {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => items.iter().map(text).collect(),
            Some(value) => vec![text(&value)],
        };
        pairs.extend(texts.into_iter().map(|text| (parameter.name.clone(), text)));
    }
    check.flaws.iter_mut().for_each(name_as_sequence);
    flaws.append(&mut check.flaws);
    Query::new(pairs)
}

/// The value of one parameter: what was sent, or its default.
fn one(check: &mut Check, parameter: &Parameter, pairs: &[(String, String)]) -> Option<Value> {
    let mut sent: Vec<Value> = pairs
        .iter()
        .filter(|(name, _)| *name == parameter.name)
        .map(|(_, value)| value.as_str().into())
        .collect();
    let value = if takes_many(&parameter.shape) && !sent.is_empty() {
        Value::Array(sent)
    } else if let Some(last) = sent.pop() {
        last
    } else {
        if parameter.required {
            check.flaw("missing", "Field required", &Value::Null, None);
        }
        return parameter.shape.default.clone();
    };
    if AWARE.contains(&parameter.name.as_str()) {
        return moment::aware(check, &value).map(crate::render::time);
    }
    check.value(&parameter.shape, &value)
}

fn takes_many(shape: &Shape) -> bool {
    match &shape.kind {
        Kind::List(_) => true,
        Kind::Union(union) => union.branches.iter().any(takes_many),
        _ => false,
    }
}

/// Lists in a query go by a longer name than lists in a body.
fn name_as_sequence(flaw: &mut Flaw) {
    for step in &mut flaw.at {
        if let Some(list) = step.as_str().filter(|step| step.starts_with("list[")) {
            *step = format!(
                "json-or-python[json={list},python=chain[is-instance[Sequence],function-wrap[sequence_validator()]]]"
            )
            .into();
        }
    }
}

/// The decoded pairs of a query string.
fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name, true), decode(value, true))
        })
        .collect()
}

/// Takes percent escapes away, and in a query `+` too.
pub(super) fn decode(text: &str, plus: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, escape(tail)) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', _) if plus => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn escape(digits: &[u8]) -> Option<u8> {
    let digits = digits.get(..2)?;
    let digits = digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)?;
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
