//! Doc comments, made from facts alone.

use std::collections::BTreeMap;

use polarkit_spec::{Facts, Field, IntegerRule, Kind, NumberRule, Shape, StringRule};

/// Where Polar's own reference shows an operation.
pub(super) fn reference(facts: &Facts, operation: &str) -> Option<String> {
    let page = facts.operation(operation)?.page.as_ref()?;
    let version = &facts.document_version;
    Some(format!(
        "[Polar's reference](https://polar.sh/docs/api-reference/{version}/{page})"
    ))
}

/// About a field: what it is for, where we have words for it, then its type and bounds.
pub(super) fn told(words: &BTreeMap<String, String>, field: &Field) -> String {
    match words.get(&field.name) {
        Some(words) => format!("{words} {}", self::field(field)),
        None => self::field(field),
    }
}

/// One line about a field.
pub(super) fn field(field: &Field) -> String {
    let mut text = shape(&field.name, &field.shape);
    if field.shape.nullable {
        text.push_str(" May be null.");
    }
    if let Some(default) = field
        .shape
        .default
        .as_ref()
        .filter(|default| !default.is_null())
    {
        text.push_str(&format!(" Default: `{default}`."));
    }
    if field.shape.deprecated {
        text.push_str(" On its way out.");
    }
    text
}

/// What a value is.
pub(super) fn shape(name: &str, shape: &Shape) -> String {
    match &shape.kind {
        Kind::Any => "Anything.".to_owned(),
        Kind::Null => "Always null.".to_owned(),
        Kind::Boolean => "True or false.".to_owned(),
        Kind::Integer(rule) => integer(name, rule),
        Kind::Number(rule) => number(rule),
        Kind::String(rule) => text(rule),
        Kind::Constant(value) => format!("Always `{value}`."),
        Kind::Enum(words) => choice(words),
        Kind::Reference(target) => format!("See `{target}`."),
        Kind::List(list) => {
            let bounds = bounds(
                list.min_items.map(|bound| bound.to_string()),
                list.max_items.map(|bound| bound.to_string()),
            );
            format!(
                "A list{}. Each: {}",
                bounds_suffix(&bounds, "items"),
                self::shape("", &list.items)
            )
        }
        Kind::Tuple(_) => "A pair.".to_owned(),
        Kind::Map(map) => {
            let bounds = bounds(
                map.min_entries.map(|bound| bound.to_string()),
                map.max_entries.map(|bound| bound.to_string()),
            );
            format!("Free keys{}.", bounds_suffix(&bounds, "entries"))
        }
        Kind::Object(_) => "An object.".to_owned(),
        Kind::Union(_) => "One of several shapes.".to_owned(),
    }
}

/// Amounts have a unit; everything else that is whole is a count or a position.
fn integer(name: &str, rule: &IntegerRule) -> String {
    let what = if is_amount(name) {
        "Minor units of the currency"
    } else {
        "A whole number"
    };
    let least = rule
        .minimum
        .or(rule.exclusive_minimum.map(|bound| bound.saturating_add(1)));
    let most = rule
        .maximum
        .or(rule.exclusive_maximum.map(|bound| bound.saturating_sub(1)));
    let bounds = bounds(
        least.map(|bound| bound.to_string()),
        most.map(|bound| bound.to_string()),
    );
    format!("{what}{}.", bounds_suffix(&bounds, ""))
}

pub(super) fn is_amount(name: &str) -> bool {
    name == "amount"
        || name.ends_with("_amount")
        || matches!(name, "balance" | "amounts" | "price" | "revenue")
}

fn number(rule: &NumberRule) -> String {
    let above = rule
        .exclusive_minimum
        .map(|bound| format!(" above {bound}"));
    let bounds = bounds(
        rule.minimum.map(|bound| bound.to_string()),
        rule.maximum.map(|bound| bound.to_string()),
    );
    format!(
        "A number{}{}.",
        above.unwrap_or_default(),
        bounds_suffix(&bounds, "")
    )
}

fn text(rule: &StringRule) -> String {
    let what = match rule.format.as_deref() {
        Some("uuid4" | "uuid") => "An id",
        Some("date-time") => "A point in time",
        Some("date") => "A day",
        Some("uri") => "A URL",
        Some("email") => "An e-mail address",
        _ => "Text",
    };
    let bounds = bounds(
        rule.min_length.map(|bound| bound.to_string()),
        rule.max_length.map(|bound| bound.to_string()),
    );
    format!("{what}{}.", bounds_suffix(&bounds, "characters"))
}

fn choice(words: &[String]) -> String {
    if words.len() > 8 {
        return format!("One of {} words.", words.len());
    }
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    format!("One of {}.", words.join(", "))
}

fn bounds(least: Option<String>, most: Option<String>) -> String {
    match (least, most) {
        (None, None) => String::new(),
        (Some(least), None) => format!("at least {least}"),
        (None, Some(most)) => format!("at most {most}"),
        (Some(least), Some(most)) => format!("{least} to {most}"),
    }
}

fn bounds_suffix(bounds: &str, unit: &str) -> String {
    match (bounds, unit) {
        ("", _) => String::new(),
        (bounds, "") => format!(", {bounds}"),
        (bounds, unit) => format!(", {bounds} {unit}"),
    }
}
