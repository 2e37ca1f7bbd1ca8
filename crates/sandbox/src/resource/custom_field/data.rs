//! Buyers' answers to a product's questions.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::{CustomField, FieldKind, attached::live};
use crate::failure::Flaw;
use crate::resource::product::AttachedField;
use crate::world::World;

/// The answers to keep out of `sent`: known questions only, each of its type. Or everything that is wrong.
pub(crate) fn checked(
    world: &World,
    attached: &[AttachedField],
    sent: &Map<String, Value>,
) -> Result<Map<String, Value>, Vec<Flaw>> {
    let mut kept = Map::new();
    let mut flaws = Vec::new();
    for field in attached.iter().filter_map(|field| live(world, field)) {
        let Some(answer) = sent.get(&field.slug) else {
            continue;
        };
        match flaw(field, answer) {
            Some((kind, message)) => flaws.push(flaw_at(field, kind, message, answer.clone())),
            None => {
                kept.insert(field.slug.clone(), answer.clone());
            }
        }
    }
    if flaws.is_empty() {
        Ok(kept)
    } else {
        Err(flaws)
    }
}

/// The required questions that `answers` leave open.
pub(crate) fn missing(
    world: &World,
    attached: &[AttachedField],
    answers: &Map<String, Value>,
) -> Vec<Flaw> {
    attached
        .iter()
        .filter(|field| field.required)
        .filter_map(|field| live(world, field))
        .filter(|field| {
            let answer = answers.get(&field.slug).unwrap_or(&Value::Null);
            answer.is_null() || (field.kind == FieldKind::Checkbox && *answer != Value::Bool(true))
        })
        .map(|field| {
            let input = Value::Object(answers.clone());
            flaw_at(field, "missing", "Field required".to_owned(), input)
        })
        .collect()
}

fn flaw_at(field: &CustomField, kind: &'static str, message: String, input: Value) -> Flaw {
    Flaw::body(
        kind,
        ["custom_field_data".into(), field.slug.as_str().into()],
        message,
        input,
    )
}

fn flaw(field: &CustomField, answer: &Value) -> Option<(&'static str, String)> {
    if answer.is_null() {
        return None;
    }
    let bound = |name: &str| field.properties.get(name).and_then(Value::as_i64);
    match field.kind {
        FieldKind::Text => text_flaw(answer, bound("min_length"), bound("max_length")),
        FieldKind::Number => match answer.as_i64() {
            None => Some(("int_type", "Input should be a valid integer".to_owned())),
            Some(number) => range_flaw(number, bound("ge"), bound("le")),
        },
        FieldKind::Date => match answer.as_str().and_then(|text| text.parse::<Date>().ok()) {
            None => Some(("date_type", "Input should be a valid date".to_owned())),
            Some(date) => {
                let seconds = date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
                range_flaw(seconds, bound("ge"), bound("le"))
            }
        },
        FieldKind::Checkbox => (!answer.is_boolean())
            .then(|| ("bool_type", "Input should be a valid boolean".to_owned())),
        FieldKind::Select => {
            let options = field.properties.get("options").and_then(Value::as_array);
            let known = options
                .into_iter()
                .flatten()
                .any(|option| option.get("value") == Some(answer));
            (!known).then(|| {
                (
                    "literal_error",
                    "Input should be one of the options".to_owned(),
                )
            })
        }
    }
}

fn text_flaw(
    answer: &Value,
    least: Option<i64>,
    most: Option<i64>,
) -> Option<(&'static str, String)> {
    let Some(text) = answer.as_str() else {
        return Some(("string_type", "Input should be a valid string".to_owned()));
    };
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    if let Some(least) = least.filter(|least| length < *least) {
        let message = format!("String should have at least {least} characters");
        return Some(("string_too_short", message));
    }
    most.filter(|most| length > *most).map(|most| {
        let message = format!("String should have at most {most} characters");
        ("string_too_long", message)
    })
}

fn range_flaw(
    number: i64,
    least: Option<i64>,
    most: Option<i64>,
) -> Option<(&'static str, String)> {
    if let Some(least) = least.filter(|least| number < *least) {
        let message = format!("Input should be greater than or equal to {least}");
        return Some(("greater_than_equal", message));
    }
    most.filter(|most| number > *most).map(|most| {
        let message = format!("Input should be less than or equal to {most}");
        ("less_than_equal", message)
    })
}
