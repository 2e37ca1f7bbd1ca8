//! Path and query parameters.

use std::collections::BTreeMap;

use polarkit_spec::Operation;
use serde_json::Value;

use crate::failure::Flaw;
use crate::query::Query;

/// Checks the path's parameters.
pub(crate) fn path(operation: &Operation, path: &BTreeMap<String, String>, flaws: &mut Vec<Flaw>) {
    _ = (operation, path, flaws);
}

/// Checks the query's parameters and fills in defaults.
pub(crate) fn query(operation: &Operation, query: &str, flaws: &mut Vec<Flaw>) -> Query {
    _ = flaws;
    let mut pairs = pairs(query);
    for parameter in operation.query_parameters() {
        let given = pairs.iter().any(|(name, _)| *name == parameter.name);
        let Some(default) = parameter.shape.default.as_ref().filter(|_| !given) else {
            continue;
        };
        let texts: Vec<String> = match default {
            Value::Null => Vec::new(),
            Value::Array(items) => items.iter().map(text).collect(),
            one => vec![text(one)],
        };
        pairs.extend(texts.into_iter().map(|text| (parameter.name.clone(), text)));
    }
    Query::new(pairs)
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
pub(crate) fn decode(text: &str, plus: bool) -> String {
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
    let digits = digits
        .get(..2)
        .filter(|two| two.iter().all(u8::is_ascii_hexdigit))?;
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
