//! Every operation asks for what the facts say.

use std::collections::BTreeSet;

use polarkit::{Polar, Server};
use polarkit_spec::{Kind, Location, Shape, facts};
use serde_json::Value;

use super::generated::every_operation;

fn polar() -> Polar {
    Polar::builder()
        .server("http://127.0.0.1:1".parse::<Server>().unwrap())
        .build()
        .unwrap()
}

#[test]
fn none_is_missing() {
    let asked: BTreeSet<_> = every_operation(&polar())
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    let known: BTreeSet<_> = facts().operations.iter().map(|o| o.id.as_str()).collect();
    assert_eq!(asked, known);
    assert_eq!(asked.len(), 186);
}

#[test]
fn method_and_path_are_those_of_the_facts() {
    for (id, request) in every_operation(&polar()) {
        let operation = facts().operation(id).unwrap();
        assert_eq!(request.method().as_str(), operation.method.as_str(), "{id}");
        let sent = request.path_and_query();
        let path = sent.split('?').next().unwrap();
        let (sent, known): (Vec<_>, Vec<_>) = (
            path.split('/').collect(),
            operation.path.split('/').collect(),
        );
        assert_eq!(sent.len(), known.len(), "{id}: {path}");
        for (sent, known) in sent.iter().zip(known) {
            let filled = ["a%2Fb", "s%2Ft", super::generated::ID].contains(sent);
            assert!(
                if known.starts_with('{') {
                    filled
                } else {
                    *sent == known
                },
                "{id}: {path}"
            );
        }
    }
}

#[test]
fn what_a_query_requires_is_sent() {
    for (id, request) in every_operation(&polar()) {
        let target = request.path_and_query();
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let sent: BTreeSet<_> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, _)| name)
            .collect();
        let parameters = &facts().operation(id).unwrap().parameters;
        let required: BTreeSet<_> = parameters
            .iter()
            .filter(|parameter| parameter.required && parameter.location == Location::Query)
            .map(|parameter| parameter.name.as_str())
            .collect();
        assert_eq!(sent, required, "{id}");
    }
}

#[test]
fn what_a_body_requires_is_sent_and_nothing_it_forbids() {
    for (id, request) in every_operation(&polar()) {
        let body = facts().operation(id).unwrap().body.as_ref();
        let is_form = body.is_some_and(|body| body.content_type != "application/json");
        assert_eq!(body.is_some(), request.body().is_some(), "{id}");
        if let (Some(known), Some(sent), false) = (body, request.body(), is_form) {
            let sent: Value = serde_json::from_slice(sent).unwrap();
            assert!(fits(&known.shape, &sent), "{id}: {sent}");
        }
    }
}

/// Whether a value has every field its shape requires, and only such as the shape knows.
fn fits(shape: &Shape, value: &Value) -> bool {
    let shape = facts().resolve(shape).unwrap();
    if value.is_null() {
        return shape.nullable || shape.kind == Kind::Null;
    }
    match &shape.kind {
        Kind::Object(object) => value.as_object().is_some_and(|fields| {
            let complete = object.fields.iter().all(|field| {
                fields.get(&field.name).map_or(!field.required, |value| {
                    value.is_null() && field.shape.nullable || fits(&field.shape, value)
                })
            });
            complete && fields.keys().all(|name| object.field(name).is_some())
        }),
        Kind::Union(union) => union.branches.iter().any(|branch| fits(branch, value)),
        Kind::List(list) => value
            .as_array()
            .is_some_and(|items| items.iter().all(|item| fits(&list.items, item))),
        Kind::Enum(words) => value
            .as_str()
            .is_some_and(|word| words.iter().any(|w| w == word)),
        Kind::Constant(constant) => constant == value,
        Kind::Boolean => value.is_boolean(),
        Kind::Integer(_) => value.is_i64(),
        Kind::Number(_) => value.is_number(),
        Kind::String(_) => value.is_string(),
        Kind::Map(_) => value.is_object(),
        _ => true,
    }
}
