//! Values that may have one of several shapes. A flaw's place names the branch it was found in.

use polarkit_spec::{Kind, Shape, UnionRule};
use serde_json::{Value, json};

use super::check::Check;
use super::{number, older, tag};

/// Picks the branch by its tag when there is one, else tries all of them.
pub(super) fn check(
    check: &mut Check,
    name: &str,
    union: &UnionRule,
    value: &Value,
) -> Option<Value> {
    if let Some(tag) = tag::unwritten(name, value) {
        return branch(check, union, tag, value);
    }
    if let Some(discriminator) = &union.discriminator {
        return tagged(check, union, discriminator, value);
    }
    if let [
        Shape {
            kind: Kind::Number(rule),
            ..
        },
        Shape {
            kind: Kind::String(text),
            ..
        },
    ] = union.branches.as_slice()
        && text.pattern.is_some()
    {
        return number::decimal(check, rule, value);
    }
    smart(check, union, value)
}

/// The branch that the discriminator names.
fn tagged(check: &mut Check, union: &UnionRule, field: &str, value: &Value) -> Option<Value> {
    let Some(sent) = value.as_object() else {
        let message = "Input should be a valid dictionary or object to extract fields from";
        check.flaw("model_attributes_type", message, value, None);
        return None;
    };
    let Some(tag) = sent.get(field) else {
        let message = format!("Unable to extract tag using discriminator '{field}'");
        let context = json!({"discriminator": format!("'{field}'")});
        check.flaw("union_tag_not_found", message, value, Some(context));
        return None;
    };
    let replaced = older::modern(field, sent);
    let (value, tag) = match &replaced {
        Some(modern) => (modern, modern.get(field).unwrap_or(tag)),
        None => (value, tag),
    };
    let known = tag.as_str().and_then(|tag| {
        let known = union.mapping.iter().find(|(known, _)| known == tag);
        match known {
            Some((tag, shape)) => Some((tag.as_str(), Shape::reference(shape.as_str()))),
            None => older::branch(field, tag).map(|shape| (tag, shape)),
        }
    });
    let Some((tag, shape)) = known else {
        let tag = match tag {
            Value::String(text) => text.clone(),
            Value::Null => "None".to_owned(),
            other => other.to_string(),
        };
        let expected = expected_tags(union, field);
        let message = format!(
            "Input tag '{tag}' found using '{field}' does not match any of the expected tags: {expected}"
        );
        let context = json!({
            "discriminator": format!("'{field}'"), "tag": tag, "expected_tags": expected,
        });
        check.flaw("union_tag_invalid", message, value, Some(context));
        return None;
    };
    check.at(tag, |check| check.value(&shape, value))
}

/// The branch an unwritten rule picks: its number, and the word that stands for it in a flaw's place.
fn branch(
    check: &mut Check,
    union: &UnionRule,
    (index, word): (usize, &'static str),
    value: &Value,
) -> Option<Value> {
    let shape = union.branches.get(index)?;
    check.at(word, |check| check.value(shape, value))
}

/// Tries every branch. One that takes the value as it is wins; among the others the one that uses
/// most of its fields; when none fits, all of them say why.
fn smart(check: &mut Check, union: &UnionRule, value: &Value) -> Option<Value> {
    let mut best: Option<(usize, Value)> = None;
    let mut flaws = Vec::new();
    for shape in &union.branches {
        let (taken, mut found) =
            check.attempt(|check| check.at(label(shape), |check| check.value(shape, value)));
        flaws.append(&mut found);
        let Some(taken) = taken else { continue };
        if !taken.is_object() && taken == *value {
            return Some(taken);
        }
        let fields = taken.as_object().map_or(0, serde_json::Map::len);
        if best.as_ref().is_none_or(|(most, _)| fields > *most) {
            best = Some((fields, taken));
        }
    }
    if best.is_none() {
        check.flaws.append(&mut flaws);
    }
    best.map(|(_, taken)| taken)
}

/// What pydantic calls a branch.
pub(super) fn label(shape: &Shape) -> String {
    if let Some(title) = &shape.title {
        return title.clone();
    }
    match &shape.kind {
        Kind::Reference(name) => match polarkit_spec::shape(name).map(|shape| &shape.kind) {
            Some(Kind::Enum(_)) => format!("str-enum[{name}]"),
            _ => name.clone(),
        },
        Kind::String(rule) => match rule.format.as_deref() {
            Some("uuid4" | "uuid") => "uuid",
            Some("date-time") => "datetime",
            Some("date") => "date",
            Some("uri") => "url",
            _ if rule.min_length.is_some() || rule.max_length.is_some() => "constrained-str",
            _ => "str",
        }
        .to_owned(),
        Kind::Integer(rule) if *rule == polarkit_spec::IntegerRule::default() => "int".to_owned(),
        Kind::Integer(_) => "constrained-int".to_owned(),
        Kind::Number(_) => "float".to_owned(),
        Kind::Boolean => "bool".to_owned(),
        Kind::Null => "none".to_owned(),
        Kind::Any | Kind::Tuple(_) => "any".to_owned(),
        Kind::Constant(word) => format!("literal['{}']", word.as_str().unwrap_or_default()),
        Kind::Enum(words) => format!("literal['{}']", words.join("','")),
        Kind::List(rule) => format!("list[{}]", label(&rule.items)),
        Kind::Map(rule) => format!("dict[str,{}]", label(&rule.values)),
        Kind::Object(_) => "model".to_owned(),
        Kind::Union(rule) => {
            let branches: Vec<String> = rule.branches.iter().map(label).collect();
            let word = if rule.discriminator.is_some() {
                "tagged-union"
            } else {
                "union"
            };
            format!("{word}[{}]", branches.join(","))
        }
    }
}

/// The tags in the order of the branches. Polar's are enum members, so Python shows them as such.
fn expected_tags(union: &UnionRule, field: &str) -> String {
    let class = tag::class(union, field);
    let order = |shape: &str| {
        let is_it = |branch: &Shape| matches!(&branch.kind, Kind::Reference(name) if name == shape);
        union.branches.iter().position(is_it)
    };
    let mut tags: Vec<_> = union.mapping.iter().collect();
    tags.sort_by_key(|(_, shape)| order(shape));
    let tags = tags.into_iter().map(|(tag, _)| tag.as_str());
    let shown: Vec<String> = tag::all(field, tags.collect())
        .into_iter()
        .map(|tag| match class {
            Some(class) => format!("<{class}.{tag}: '{tag}'>"),
            None => format!("'{tag}'"),
        })
        .collect();
    shown.join(", ")
}
