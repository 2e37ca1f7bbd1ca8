//! Everything Polar answers with, as it should be, and with fields and words added, changed,
//! nulled and dropped.

use std::collections::BTreeSet;

use polarkit_model::{
    read::{self, Read, ReadError},
    webhook::Payload,
};
use polarkit_spec::{Field, Kind, ObjectRule, Shape, StringRule, facts};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{generated::RECEIVED, sample};

/// Reads a value and writes it again.
pub(crate) type Again = fn(&Value) -> Result<Value, ReadError>;

pub(crate) fn again<T: Read + Serialize>(value: &Value) -> Result<Value, ReadError> {
    let read = read::from_slice::<T>(value.to_string().as_bytes())?;
    Ok(serde_json::to_value(read).unwrap())
}

/// A row of the table with its shape.
fn rows() -> impl Iterator<Item = (&'static str, &'static Shape, Again)> {
    RECEIVED.iter().map(|(name, again, _)| {
        let shape = facts().shape(name).or_else(|| {
            let operation = facts().operation(name)?;
            operation.success.shape.as_ref()
        });
        (*name, shape.unwrap(), *again)
    })
}

/// Objects among the rows, with a sample of each.
fn objects() -> impl Iterator<Item = (&'static str, &'static ObjectRule, Again, Map<String, Value>)>
{
    rows().filter_map(
        |(name, shape, again)| match (&shape.kind, sample::of(shape)) {
            (Kind::Object(object), Value::Object(sample)) => Some((name, object, again, sample)),
            _ => None,
        },
    )
}

#[test]
fn every_answer_is_in_the_table() {
    let named: BTreeSet<_> = RECEIVED.iter().map(|(name, _, _)| *name).collect();
    for operation in &facts().operations {
        let shape = operation.success.shape.as_ref();
        if shape.is_some_and(|shape| shape.kind != Kind::Null) {
            assert!(named.contains(operation.id.as_str()), "{}", operation.id);
        }
    }
    for event in &facts().events {
        assert!(named.contains(event.data.as_str()), "{}", event.kind);
    }
}

#[test]
fn what_is_as_it_should_be_is_read_and_written_back() {
    for (name, shape, again) in rows() {
        for sample in sample::of_each_branch(shape) {
            let written = again(&sample).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(written, sample, "{name}");
        }
    }
}

/// A union is its box and what it does not know; the widest struct, of metrics, has 5 KiB.
#[test]
fn nothing_is_too_large_for_a_stack() {
    for (name, _, size) in RECEIVED {
        let is_union = facts()
            .shape(name)
            .is_some_and(|shape| matches!(shape.kind, Kind::Union(_)));
        let most = if is_union {
            size_of::<Value>() + 8
        } else {
            6_144
        };
        assert!(*size <= most, "{name}: {size}");
    }
}

#[test]
fn a_hostile_depth_is_an_error_and_no_overflow() {
    let deep = "[".repeat(100_000);
    let bodies = [
        deep.clone(),
        format!(r#"{{"data": {deep}"#),
        format!(r#"{{"data": {{"metadata": {{"a": {deep}"#),
        r#"{"data":"#.repeat(100_000),
    ];
    for body in bodies {
        let error = read::from_slice::<Payload>(body.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("recursion limit"), "{error}");
    }
}

#[test]
fn added_fields_change_nothing() {
    for (name, _, again, sample) in objects() {
        let mut more = sample.clone();
        more.insert("newer_than_this_build".to_owned(), json!({"deep": [1]}));
        assert_eq!(again(&more.into()), again(&sample.into()), "{name}");
    }
}

#[test]
fn every_enum_keeps_every_word() {
    for (name, shape, again) in rows() {
        if let Kind::Enum(words) = &shape.kind {
            let newer = ["newer_than_this_build", "", "with space", "ünïcode"];
            for word in words.iter().map(String::as_str).chain(newer) {
                assert_eq!(again(&json!(word)), Ok(json!(word)), "{name}");
            }
        }
    }
}

#[test]
fn a_changed_word_is_read_and_written_back() {
    for (name, object, again, sample) in objects() {
        for field in &object.fields {
            if matches!(kind(&field.shape), Kind::Enum(_)) {
                let mut changed = sample.clone();
                changed.insert(field.name.clone(), json!("newer_than_this_build"));
                let written = again(&changed.into()).unwrap();
                let word = &written[&field.name];
                assert_eq!(word, "newer_than_this_build", "{name}.{}", field.name);
            }
        }
    }
}

#[test]
fn a_union_keeps_what_it_does_not_know() {
    for (name, shape, again) in rows() {
        let Kind::Union(union) = kind(shape) else {
            continue;
        };
        if sample::is_a_choice_of_pages(union) {
            continue;
        }
        for unknown in [
            json!({"newer": {"than": ["this"]}}),
            json!("build"),
            json!(1),
        ] {
            assert_eq!(again(&unknown), Ok(unknown.clone()), "{name}");
        }
        for mut sample in sample::of_each_branch(shape) {
            if let Some(tag) = &union.discriminator {
                sample[tag] = json!("newer_than_this_build");
                assert_eq!(again(&sample), Ok(sample.clone()), "{name}");
            }
        }
    }
}

/// What Polar may not drop, said once: whatever else is missing or null, the reading succeeds.
#[test]
fn only_ids_times_numbers_currencies_and_secrets_must_be_there() {
    for (name, object, again, sample) in objects() {
        for field in &object.fields {
            let mut nulled = sample.clone();
            nulled.insert(field.name.clone(), Value::Null);
            let mut dropped = sample.clone();
            dropped.remove(&field.name);
            for changed in [nulled, dropped] {
                let place = format!("{name}.{}", field.name);
                match again(&changed.into()) {
                    Ok(_) => assert!(!must_be_there(name, field), "{place} was made up"),
                    Err(error) => {
                        assert!(must_be_there(name, field), "{place}: {error}");
                        assert!(error.path().starts_with(&field.name), "{place}: {error}");
                    }
                }
            }
        }
    }
}

/// Texts that are secrets, among what is received.
const SECRETS: [&str; 9] = [
    "access_token",
    "client_secret",
    "customer_session_token",
    "guild_token",
    "id_token",
    "invitation_token",
    "refresh_token",
    "secret",
    "token",
];

/// Shapes whose `key` is a licence key.
const KEYED: [&str; 3] = [
    "LicenseKeyRead",
    "LicenseKeyWithActivations",
    "ValidatedLicenseKey",
];

/// Whether nothing can be read for it, by the table in `read`.
fn must_be_there(owner: &str, field: &'static Field) -> bool {
    if !field.required || field.shape.nullable {
        return false;
    }
    match kind(&field.shape) {
        Kind::Integer(_) | Kind::Number(_) | Kind::Tuple(_) => true,
        Kind::String(rule) => is_more_than_text(rule) || is_secret(owner, &field.name),
        Kind::Union(union) => union.branches.iter().all(is_number),
        Kind::Object(object) => {
            let Kind::Reference(inner) = &field.shape.kind else {
                panic!("{owner}.{}", field.name)
            };
            let mut fields = object.fields.iter();
            fields.any(|field| must_be_there(inner, field))
        }
        Kind::Enum(_) => field.name.ends_with("currency"),
        _ => false,
    }
}

fn is_more_than_text(rule: &StringRule) -> bool {
    let formats = ["uuid", "uuid4", "date-time", "date"];
    let decimal = "^(?!^[-+.]*$)";
    rule.format
        .as_deref()
        .is_some_and(|format| formats.contains(&format))
        || rule
            .pattern
            .as_deref()
            .is_some_and(|pattern| pattern.starts_with(decimal))
}

fn is_secret(owner: &str, name: &str) -> bool {
    name.ends_with("currency")
        || SECRETS.contains(&name)
        || (name == "key" && KEYED.contains(&owner))
}

fn is_number(shape: &Shape) -> bool {
    match &shape.kind {
        Kind::Integer(_) | Kind::Number(_) => true,
        Kind::String(rule) => is_more_than_text(rule),
        _ => false,
    }
}

fn kind(shape: &'static Shape) -> &'static Kind {
    &facts().resolve(shape).unwrap().kind
}

#[test]
fn something_else_altogether_is_refused_with_the_way_to_it() {
    for (name, object, again, sample) in objects() {
        for field in &object.fields {
            for other in [json!({"?": "?"}), json!([[]]), json!(7.25), json!("?")] {
                let mut changed = sample.clone();
                changed.insert(field.name.clone(), other);
                if let Err(error) = again(&changed.into()) {
                    let path = error.path();
                    let place = format!("{name}.{}", field.name);
                    assert!(path.starts_with(&field.name), "{place}: at {path}");
                    assert!(!error.to_string().contains("7.25"), "{place}: {error}");
                }
            }
        }
    }
}
