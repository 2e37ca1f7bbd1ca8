//! A valid value of every shape, made from the facts.

use polarkit_spec::{Kind, Shape, StringRule, UnionRule, facts};
use serde_json::{Map, Value, json};

/// Where a shape contains itself, lists below this are empty.
const DEPTH_MAX: usize = 8;

/// A value with every field there and nothing null.
pub(crate) fn of(shape: &Shape) -> Value {
    value(shape, 0)
}

/// A value of each branch when it is a union, and of the shape itself otherwise.
pub(crate) fn of_each_branch(shape: &Shape) -> Vec<Value> {
    match &facts().resolve(shape).unwrap().kind {
        Kind::Union(union) if is_a_choice_of_pages(union) => vec![of(&union.branches[0])],
        Kind::Union(union) => union.branches.iter().flat_map(of_each_branch).collect(),
        _ => vec![of(shape)],
    }
}

/// Several ways to cut one list; it is read the first way.
pub(crate) fn is_a_choice_of_pages(union: &UnionRule) -> bool {
    let is_page =
        |shape: &Shape| matches!(&shape.kind, Kind::Reference(name) if name.starts_with("List"));
    union.branches.iter().all(is_page)
}

fn value(shape: &Shape, depth: usize) -> Value {
    match &shape.kind {
        Kind::Any => json!({"free": [1, "two", null]}),
        Kind::Null => Value::Null,
        Kind::Boolean => true.into(),
        Kind::Integer(rule) => rule.minimum.unwrap_or(7).max(7).into(),
        Kind::Number(_) => 1.5.into(),
        Kind::String(rule) => text(rule).into(),
        Kind::Constant(constant) => constant.clone(),
        Kind::Enum(words) => words[0].as_str().into(),
        Kind::Reference(name) => value(facts().shape(name).unwrap(), depth),
        Kind::List(_) if depth > DEPTH_MAX => json!([]),
        Kind::List(list) => json!([value(&list.items, depth + 1)]),
        Kind::Tuple(items) => items.iter().map(|item| value(item, depth + 1)).collect(),
        Kind::Map(map) => json!({key(map.keys.as_ref()): value(&map.values, depth + 1)}),
        Kind::Object(object) => {
            let fields = object.fields.iter();
            let filled: Map<_, _> = fields
                .map(|field| (field.name.clone(), value(&field.shape, depth + 1)))
                .collect();
            filled.into()
        }
        Kind::Union(union) => {
            let fraction = |branch: &&Shape| matches!(branch.kind, Kind::Number(_));
            let branch = union.branches.iter().find(fraction);
            value(branch.unwrap_or(&union.branches[0]), depth)
        }
    }
}

fn key(keys: Option<&Shape>) -> String {
    match keys.map(|shape| value(shape, 0)) {
        Some(Value::String(word)) => word,
        _ => "key".to_owned(),
    }
}

fn text(rule: &StringRule) -> &'static str {
    match (rule.format.as_deref(), rule.pattern.as_deref()) {
        (Some("uuid" | "uuid4"), _) => "11111111-1111-4111-8111-111111111111",
        (Some("date-time"), _) => "2026-01-01T00:00:00Z",
        (Some("date"), _) => "2026-01-01",
        (_, Some(pattern)) if pattern.starts_with("^(?!^[-+.]*$)") => "1.5",
        _ => "text",
    }
}
