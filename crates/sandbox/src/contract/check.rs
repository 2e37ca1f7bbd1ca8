//! The check of one value against one shape: it coerces as pydantic does in its lax mode, and notes
//! every flaw with the type, place and words pydantic gives it.

use jiff::Timestamp;
use polarkit_spec::{Additional, Kind, ListRule, MapRule, ObjectRule, Shape};
use serde_json::{Map, Value, json};

use super::{number, older, rule, text, union};
use crate::failure::Flaw;

/// A check under way: where it is and what it found.
#[derive(Debug)]
pub(super) struct Check {
    /// The world's time, for values that must be past.
    pub(super) now: Timestamp,
    place: Vec<Value>,
    pub(super) flaws: Vec<Flaw>,
}

impl Check {
    /// A check that begins at `root`: `body`, `query` or `path`.
    pub(super) fn new(now: Timestamp, root: &str) -> Self {
        Self {
            now,
            place: vec![root.into()],
            flaws: Vec::new(),
        }
    }

    /// The value as its shape has it, or nothing when a flaw was noted. `value` becomes part of the call.
    pub(super) fn value(&mut self, shape: &Shape, value: &Value) -> Option<Value> {
        if shape.nullable && value.is_null() {
            return Some(Value::Null);
        }
        match &shape.kind {
            // No input has a tuple.
            Kind::Any | Kind::Tuple(_) => self.anything(value),
            Kind::Null => self.null(value),
            Kind::Boolean => number::boolean(self, value),
            Kind::Integer(rule) => number::integer(self, rule, value),
            Kind::Number(rule) => number::number(self, rule, value),
            Kind::String(rule) => text::string(self, rule, value),
            Kind::Constant(word) => self.word(std::slice::from_ref(word), "literal_error", value),
            Kind::Enum(words) => self.words(words, "literal_error", value),
            Kind::Reference(name) => self.named(name, value),
            Kind::List(rule) => self.list(rule, value),
            Kind::Map(rule) => self.map(rule, value),
            Kind::Object(rule) => self.object("", rule, value),
            Kind::Union(rule) => union::check(self, "", rule, value),
        }
    }

    /// Goes down one step while `work` runs.
    pub(super) fn at<R>(&mut self, step: impl Into<Value>, work: impl FnOnce(&mut Self) -> R) -> R {
        self.place.push(step.into());
        let done = work(self);
        self.place.pop();
        done
    }

    /// Notes a flaw here.
    pub(super) fn flaw(
        &mut self,
        kind: &'static str,
        message: impl Into<String>,
        input: &Value,
        context: Option<Value>,
    ) {
        self.flaws.push(Flaw {
            kind,
            at: self.place.clone(),
            message: message.into(),
            input: input.clone(),
            context,
        });
    }

    /// Runs `work` and takes its flaws out again.
    pub(super) fn attempt<R>(&mut self, work: impl FnOnce(&mut Self) -> R) -> (R, Vec<Flaw>) {
        let before = std::mem::take(&mut self.flaws);
        let done = work(self);
        (done, std::mem::replace(&mut self.flaws, before))
    }

    /// A named shape: its enums are classes of their own on Polar, and some objects have rules.
    fn named(&mut self, name: &str, value: &Value) -> Option<Value> {
        let Some(shape) = older::stand_in(name).or_else(|| polarkit_spec::shape(name)) else {
            return self.anything(value);
        };
        if shape.nullable && value.is_null() {
            return Some(Value::Null);
        }
        match &shape.kind {
            Kind::Enum(words) => self.words(words, "enum", value),
            Kind::Object(object) => self.object(name, object, value),
            Kind::Union(union) => union::check(self, name, union, value),
            _ => self.value(shape, value),
        }
    }

    fn anything(&mut self, value: &Value) -> Option<Value> {
        if text::has_nul(value) {
            self.flaw("value_error", text::NUL, value, None);
            return None;
        }
        Some(value.clone())
    }

    fn null(&mut self, value: &Value) -> Option<Value> {
        if value.is_null() {
            return Some(Value::Null);
        }
        self.flaw("none_required", "Input should be None", value, None);
        None
    }

    fn words(&mut self, words: &[String], kind: &'static str, value: &Value) -> Option<Value> {
        if value
            .as_str()
            .is_some_and(|text| words.iter().any(|word| word == text))
        {
            return Some(value.clone());
        }
        let words: Vec<Value> = words.iter().map(|word| word.as_str().into()).collect();
        self.word(&words, kind, value)
    }

    fn word(&mut self, words: &[Value], kind: &'static str, value: &Value) -> Option<Value> {
        if words.contains(value) {
            return Some(value.clone());
        }
        let expected = any_of(words);
        let message = format!("Input should be {expected}");
        self.flaw(kind, message, value, Some(json!({"expected": expected})));
        None
    }

    fn list(&mut self, rule: &ListRule, value: &Value) -> Option<Value> {
        let (kind, noun, word) = if rule.unique {
            ("set_type", "Set", "set")
        } else {
            ("list_type", "List", "list")
        };
        let Some(items) = value.as_array() else {
            self.flaw(kind, format!("Input should be a valid {word}"), value, None);
            return None;
        };
        let before = self.flaws.len();
        let mut kept: Vec<Value> = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            if let Some(item) = self.at(index, |check| check.value(&rule.items, item))
                && !(rule.unique && kept.contains(&item))
            {
                kept.push(item);
            }
        }
        let sized = before == self.flaws.len()
            && self.size(noun, kept.len(), (rule.min_items, rule.max_items), value);
        sized.then(|| kept.into())
    }

    fn map(&mut self, rule: &MapRule, value: &Value) -> Option<Value> {
        let Some(entries) = value.as_object() else {
            self.flaw(
                "dict_type",
                "Input should be a valid dictionary",
                value,
                None,
            );
            return None;
        };
        let before = self.flaws.len();
        let mut kept = Map::new();
        for (key, entry) in entries {
            let entry = self.at(key.as_str(), |check| {
                check.at("[key]", |check| rule::key(check, rule, key));
                check.value(&rule.values, entry)
            });
            kept.extend(entry.map(|entry| (key.clone(), entry)));
        }
        let bounds = (rule.min_entries, rule.max_entries);
        let sized =
            before == self.flaws.len() && self.size("Dictionary", entries.len(), bounds, value);
        sized.then(|| kept.into())
    }

    /// Checks a length in pydantic's generic words.
    pub(super) fn size(
        &mut self,
        noun: &str,
        length: usize,
        (least, most): (Option<u64>, Option<u64>),
        value: &Value,
    ) -> bool {
        let actual = u64::try_from(length).unwrap_or(u64::MAX);
        let items = |count| if count == 1 { "item" } else { "items" };
        let (kind, which, bound, key) = match (least, most) {
            (Some(least), _) if actual < least => ("too_short", "least", least, "min_length"),
            (_, Some(most)) if actual > most => ("too_long", "most", most, "max_length"),
            _ => return true,
        };
        let message = format!(
            "{noun} should have at {which} {bound} {} after validation, not {actual}",
            items(bound)
        );
        let context = json!({"field_type": noun, key: bound, "actual_length": actual});
        self.flaw(kind, message, value, Some(context));
        false
    }

    /// An object's fields in their order. Unknown ones are dropped unless the shape forbids them.
    fn object(&mut self, name: &str, rule: &ObjectRule, value: &Value) -> Option<Value> {
        let Some(sent) = value.as_object() else {
            let message = "Input should be a valid dictionary or object to extract fields from";
            self.flaw("model_attributes_type", message, value, None);
            return None;
        };
        let before = self.flaws.len();
        let sent = older::prepare(name, sent);
        let mut kept = Map::new();
        for field in rule.fields.iter().chain(older::hidden_fields(name)) {
            match sent.get(&field.name) {
                Some(part) => {
                    let part = self.at(field.name.as_str(), |check| {
                        rule::field(check, (name, &field.name), &field.shape, part, &kept)
                    });
                    kept.extend(part.map(|part| (field.name.clone(), part)));
                }
                None if field.required => self.at(field.name.as_str(), |check| {
                    check.flaw("missing", "Field required", value, None);
                }),
                None => {}
            }
        }
        let known = |key: &str| {
            let mut fields = rule.fields.iter().chain(older::hidden_fields(name));
            fields.any(|field| field.name == key)
        };
        for (key, part) in sent.iter().filter(|(key, _)| !known(key)) {
            self.at(key.as_str(), |check| match &rule.additional {
                Additional::Unsaid => {}
                Additional::Forbidden => {
                    check.flaw(
                        "extra_forbidden",
                        "Extra inputs are not permitted",
                        part,
                        None,
                    );
                }
                Additional::Kept(shape) => {
                    let part = check.value(shape, part);
                    kept.extend(part.map(|part| (key.clone(), part)));
                }
            });
        }
        let fine = before == self.flaws.len() && rule::whole(self, name, &mut kept, value);
        fine.then(|| kept.into())
    }
}

/// `'a', 'b' or 'c'`, as Python shows the values.
fn any_of(words: &[Value]) -> String {
    let shown: Vec<String> = words.iter().map(python).collect();
    match shown.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => shown.concat(),
    }
}

/// A value as Python's `repr` shows it.
fn python(value: &Value) -> String {
    match value {
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Null => "None".to_owned(),
        Value::String(text) => format!("'{text}'"),
        other => other.to_string(),
    }
}
