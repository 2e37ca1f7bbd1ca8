//! Buyers' answers to a product's questions.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use polarkit_spec::{Additional, Field, IntegerRule, Kind, ObjectRule, Shape, StringRule};
use serde_json::{Map, Value};

use super::{CustomField, FieldKind, attached::live};
use crate::contract;
use crate::failure::Flaw;
use crate::resource::product::AttachedField;
use crate::world::World;

/// Where answers stand in a body.
const PLACE: &str = "custom_field_data";

/// The answers to keep out of `sent`: known questions only, each as its type has it. Or everything that is
/// wrong. `complete` when required questions must be answered.
pub(crate) fn checked(
    world: &World,
    attached: &[AttachedField],
    sent: &Map<String, Value>,
    complete: bool,
) -> Result<Map<String, Value>, Vec<Flaw>> {
    let asked: Vec<_> = attached
        .iter()
        .filter_map(|field| Some((live(world, field)?, complete && field.required)))
        .collect();
    let fields = asked
        .iter()
        .map(|(field, required)| Field::new(&field.slug, *required, shape(field, *required)));
    let rule = ObjectRule {
        fields: fields.collect(),
        additional: Additional::Unsaid,
    };
    let shape = Shape::of(Kind::Object(rule));
    let read = contract::fit(&shape, &Value::Object(sent.clone()), PLACE, world.now())?;
    let Value::Object(mut answers) = read else {
        return Ok(Map::new());
    };
    let mut flaws = Vec::new();
    for (field, _) in asked
        .iter()
        .filter(|(field, _)| field.kind == FieldKind::Date)
    {
        let given = sent.get(&field.slug).and_then(Value::as_str);
        if let (Some(text), Some(answer)) = (given, answers.get_mut(&field.slug)) {
            flaws.extend(date(field, text, answer));
        }
    }
    if flaws.is_empty() {
        Ok(answers)
    } else {
        Err(flaws)
    }
}

/// What an answer must look like.
fn shape(field: &CustomField, required: bool) -> Shape {
    let bound = |name: &str| field.properties.get(name).and_then(Value::as_i64);
    let length = |name: &str| bound(name).and_then(|length| u64::try_from(length).ok());
    let kind = match field.kind {
        FieldKind::Text => Kind::String(StringRule {
            min_length: length("min_length"),
            max_length: length("max_length"),
            ..StringRule::default()
        }),
        FieldKind::Number => Kind::Integer(IntegerRule {
            minimum: Some(bound("ge").unwrap_or(i32::MIN.into())),
            maximum: Some(bound("le").unwrap_or(i32::MAX.into())),
            ..IntegerRule::default()
        }),
        FieldKind::Date => Kind::String(StringRule {
            format: Some("date-time".to_owned()),
            ..StringRule::default()
        }),
        FieldKind::Checkbox if required => Kind::Constant(true.into()),
        FieldKind::Checkbox => Kind::Boolean,
        FieldKind::Select => Kind::Enum(options(field)),
    };
    Shape {
        nullable: !required && field.kind != FieldKind::Checkbox,
        ..Shape::of(kind)
    }
}

fn options(field: &CustomField) -> Vec<String> {
    let options = field.properties.get("options").and_then(Value::as_array);
    let options = options.into_iter().flatten();
    let value = |option: &Value| Some(option.get("value")?.as_str()?.to_owned());
    options.filter_map(value).collect()
}

/// Keeps a date as it was meant, with or without an offset, within its bounds. A bound of zero is none.
fn date(field: &CustomField, text: &str, answer: &mut Value) -> Option<Flaw> {
    let naive = text.parse::<DateTime>().or_else(|_| {
        text.parse::<Date>()
            .map(|day| day.to_datetime(civil::Time::midnight()))
    });
    let moment = match (text.parse::<Timestamp>(), naive) {
        (Ok(moment), _) => moment,
        (Err(_), Ok(naive)) => {
            *answer = naive.to_string().into();
            naive.to_zoned(TimeZone::UTC).ok()?.timestamp()
        }
        // A number of seconds: the check has read it already.
        (Err(_), Err(_)) => answer.as_str()?.parse().ok()?,
    };
    let day = |name: &str| {
        let seconds = field
            .properties
            .get(name)?
            .as_i64()
            .filter(|bound| *bound != 0)?;
        let day = Timestamp::from_second(seconds)
            .ok()?
            .to_zoned(TimeZone::UTC)
            .date();
        let midnight = day.to_datetime(civil::Time::midnight());
        Some((midnight, midnight.to_zoned(TimeZone::UTC).ok()?.timestamp()))
    };
    let (kind, words, bound) = match (day("ge"), day("le")) {
        (Some((bound, least)), _) if moment < least => {
            ("greater_than_equal", "greater than or equal to", bound)
        }
        (_, Some((bound, most))) if moment > most => {
            ("less_than_equal", "less than or equal to", bound)
        }
        _ => return None,
    };
    let message = format!("Input should be {words} {bound}");
    let place = [PLACE.into(), field.slug.as_str().into()];
    Some(Flaw::body(kind, place, message, text))
}

/// The answers of a question go by its new name.
pub(super) fn rename(world: &mut World, field: &CustomField, before: &str) {
    let organization = field.organization;
    let rename = |answers: &mut Map<String, Value>| {
        if let Some(answer) = answers.remove(before) {
            answers.insert(field.slug.clone(), answer);
        }
    };
    world.checkouts.change_where(
        |row| row.organization == organization && row.custom_field_data.contains_key(before),
        |row| rename(&mut row.custom_field_data),
    );
    world.orders.change_where(
        |row| row.organization == organization && row.custom_field_data.contains_key(before),
        |row| rename(&mut row.custom_field_data),
    );
    world.subscriptions.change_where(
        |row| row.organization == organization && row.custom_field_data.contains_key(before),
        |row| rename(&mut row.custom_field_data),
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::world::Chance;

    fn field(kind: FieldKind, properties: Value) -> CustomField {
        let mut chance = Chance::new(1);
        let Value::Object(properties) = properties else {
            panic!("properties are an object")
        };
        CustomField {
            id: chance.id(),
            organization: chance.id(),
            created_at: Timestamp::UNIX_EPOCH,
            modified_at: None,
            deleted_at: None,
            kind,
            slug: "q".to_owned(),
            name: "Question".to_owned(),
            properties,
            metadata: Map::new(),
        }
    }

    /// What is kept of an answer, or the type and the words of the refusal.
    fn answered(
        kind: FieldKind,
        properties: Value,
        required: bool,
        answer: &Value,
    ) -> Result<Value, (&'static str, String)> {
        let field = field(kind, properties);
        let shape = shape(&field, required);
        let first = |flaws: Vec<Flaw>| {
            let flaw = flaws.into_iter().next().unwrap();
            (flaw.kind, flaw.message)
        };
        let now = Timestamp::UNIX_EPOCH;
        let mut read = contract::fit(&shape, answer, PLACE, now).map_err(first)?;
        if let (FieldKind::Date, Some(text)) = (kind, answer.as_str())
            && let Some(flaw) = date(&field, text, &mut read)
        {
            return Err((flaw.kind, flaw.message));
        }
        Ok(read)
    }

    #[test]
    fn an_answer_is_read_as_its_question_has_it() {
        use FieldKind::{Checkbox, Date, Number, Select, Text};
        let options =
            json!({"options": [{"value": "a", "label": "A"}, {"value": "b", "label": "B"}]});
        let cases = [
            (Text, json!({}), json!("hi"), json!("hi")),
            (Text, json!({}), Value::Null, Value::Null),
            (Number, json!({"ge": 1}), json!("12"), json!(12)),
            (Checkbox, json!({}), json!("yes"), json!(true)),
            (Select, options, json!("b"), json!("b")),
            (
                Date,
                json!({}),
                json!("2026-02-03"),
                json!("2026-02-03T00:00:00"),
            ),
            (
                Date,
                json!({}),
                json!("2026-02-03T10:00:00+02:00"),
                json!("2026-02-03T08:00:00Z"),
            ),
        ];
        for (kind, properties, answer, kept) in cases {
            let got = answered(kind, properties, false, &answer);
            assert_eq!(got, Ok(kept), "{kind:?} {answer}");
        }
    }

    #[test]
    fn an_answer_out_of_bounds_is_refused_in_pydantic_s_words() {
        use FieldKind::{Checkbox, Date, Number, Select, Text};
        let options =
            json!({"options": [{"value": "a", "label": "A"}, {"value": "b", "label": "B"}]});
        // 2026-01-01, as seconds.
        let from = json!({"ge": 1_767_225_600});
        let cases = [
            (
                Text,
                json!({"min_length": 3}),
                json!("hi"),
                "string_too_short",
            ),
            (Text, json!({}), json!(1), "string_type"),
            (Number, json!({"le": 9}), json!(10), "less_than_equal"),
            (
                Number,
                json!({}),
                json!(3_000_000_000_i64),
                "less_than_equal",
            ),
            (Checkbox, json!({}), json!(false), "literal_error"),
            (Select, options, json!("c"), "literal_error"),
            (
                Date,
                from.clone(),
                json!("2025-12-31"),
                "greater_than_equal",
            ),
            (Date, from, json!("soon"), "datetime_from_date_parsing"),
        ];
        for (kind, properties, answer, wanted) in cases {
            let (got, message) = answered(kind, properties, true, &answer).unwrap_err();
            assert_eq!(got, wanted, "{kind:?} {answer}: {message}");
        }
    }
}
