//! JSON for review: what fits on a line stays on it, the rest breaks one entry a line.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;

const WIDTH: usize = 140;

/// The value as text with a final newline.
pub(super) fn print(value: &Value) -> String {
    let mut out = String::new();
    print_into(&mut out, &sorted(value), 0);
    out.push('\n');
    out
}

/// Keys in order, whatever map `serde_json` was built with.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(fields) => {
            let fields: BTreeMap<_, _> = fields.iter().collect();
            fields
                .into_iter()
                .map(|(key, field)| (key.clone(), sorted(field)))
                .collect()
        }
        other => other.clone(),
    }
}

fn print_into(out: &mut String, value: &Value, depth: usize) {
    let compact = value.to_string();
    if compact.len() + depth * 2 <= WIDTH {
        out.push_str(&compact);
        return;
    }
    match value {
        Value::Array(items) => {
            let entries = items.iter().map(|item| (None, item));
            print_entries(out, ('[', ']'), entries, depth);
        }
        Value::Object(fields) => {
            let entries = fields.iter().map(|(key, field)| (Some(key), field));
            print_entries(out, ('{', '}'), entries, depth);
        }
        _ => out.push_str(&compact),
    }
}

fn print_entries<'a>(
    out: &mut String,
    (open, close): (char, char),
    entries: impl Iterator<Item = (Option<&'a String>, &'a Value)>,
    depth: usize,
) {
    out.push(open);
    for (position, (key, entry)) in entries.enumerate() {
        out.push_str(if position == 0 { "\n" } else { ",\n" });
        indent(out, depth + 1);
        if let Some(key) = key {
            // A string never fails to print into a string.
            let _infallible = write!(out, "{}:", Value::from(key.as_str()));
        }
        print_into(out, entry, depth + 1);
    }
    out.push('\n');
    indent(out, depth);
    out.push(close);
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("  ", depth));
}
