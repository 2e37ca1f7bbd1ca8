//! Holds a call against the facts, and says everything that is wrong with it.

use std::collections::BTreeSet;

use polarkit::API_VERSION;
use polarkit_spec::{Kind, Operation, Parameter, ParameterStyle, Shape, facts};
use serde_json::{Value, json};

use super::calls::{Made, TOKEN};

/// What is wrong with the call.
pub(crate) fn faults(made: &Made) -> Vec<String> {
    let operation = facts().operation(made.id).unwrap();
    let mut faults = Vec::new();
    let mut hold = |what: &str, sent: Value, known: Value| {
        if !same(&sent, &known) {
            let (id, turn) = (made.id, made.turn);
            faults.push(format!(
                "{id} #{turn}: {what}: sent {sent}, should be {known}"
            ));
        }
    };
    let method = made.request.method().as_str();
    hold("method", method.into(), operation.method.as_str().into());
    hold("path", made.path().into(), path(operation).into());
    hold("query", json!(made.query()), json!(query(operation, made)));
    hold("body", made.body(), body(operation, made));
    let sent = |name| made.header(name).into();
    hold(
        "content type",
        sent("content-type"),
        content_type(operation).into(),
    );
    hold("version", sent("polar-version"), API_VERSION.into());
    hold("token", sent("authorization"), token(operation).into());
    faults
}

/// A decimal may be written as a number or as text; nothing else differs.
fn same(sent: &Value, known: &Value) -> bool {
    match (sent, known) {
        (Value::Object(sent), Value::Object(known)) => {
            let all = known
                .iter()
                .all(|(name, known)| sent.get(name).is_some_and(|sent| same(sent, known)));
            all && sent.len() == known.len()
        }
        (Value::Array(sent), Value::Array(known)) => {
            let mut pairs = sent.iter().zip(known);
            sent.len() == known.len() && pairs.all(|(sent, known)| same(sent, known))
        }
        (Value::Number(_), _) | (_, Value::Number(_)) => plain(sent) == plain(known),
        _ => sent == known,
    }
}

impl Made {
    pub(crate) fn header(&self, name: &str) -> String {
        let value = self.request.headers().get(name);
        value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    }

    /// The path, with what was escaped as it was meant, and marked.
    fn path(&self) -> String {
        let segments = self.request.uri().path().split('/');
        segments.map(marked).collect::<Vec<_>>().join("/")
    }

    pub(crate) fn query(&self) -> Vec<(String, String)> {
        let query = self.request.uri().query().unwrap_or_default();
        sorted(form(query.as_bytes()))
    }

    /// The body as JSON; a form as the object it was.
    pub(crate) fn body(&self) -> Value {
        let bytes = self.request.body();
        match self.header("content-type").as_str() {
            "" => {
                assert!(bytes.is_empty());
                Value::Null
            }
            "application/json" => serde_json::from_slice(bytes).unwrap(),
            _ => form(bytes)
                .into_iter()
                .map(|(k, v)| (k, Value::from(v)))
                .collect(),
        }
    }
}

fn form(bytes: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(bytes).into_owned().collect()
}

fn sorted(mut pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    pairs.sort();
    pairs
}

/// A segment in brackets when it was escaped, so that `a%2Fb` and `a/b` differ.
fn marked(segment: &str) -> String {
    if !segment.contains('%') {
        return segment.to_owned();
    }
    let bytes: Vec<u8> = form(format!("x={}", segment.replace('+', "%2B")).as_bytes())
        .remove(0)
        .1
        .into_bytes();
    format!("[{}]", String::from_utf8(bytes).unwrap())
}

fn path(operation: &Operation) -> String {
    let mut path = operation.path.clone();
    for parameter in operation.path_parameters() {
        let value = text(&facts().parameter_sample(parameter));
        let is_plain = value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        let value = if is_plain {
            value
        } else {
            format!("[{value}]")
        };
        path = path.replace(&format!("{{{}}}", parameter.name), &value);
    }
    path
}

/// Every parameter in a full call, a repeatable one twice; the required ones else.
fn query(operation: &Operation, made: &Made) -> Vec<(String, String)> {
    let is_full = made.extent == polarkit_spec::sample::Extent::Full;
    let asked = operation
        .query_parameters()
        .filter(|parameter| is_full || parameter.required);
    sorted(asked.flat_map(pairs).collect())
}

fn pairs(parameter: &Parameter) -> Vec<(String, String)> {
    if parameter.style == Some(ParameterStyle::DeepObject) {
        return vec![(format!("{}[key]", parameter.name), "value".to_owned())];
    }
    let sample = facts().parameter_sample(parameter);
    let value = text(sample.get(0).unwrap_or(&sample));
    let times = if parameter.required || !is_repeatable(&parameter.shape) {
        1
    } else {
        2
    };
    vec![(parameter.name.clone(), value); times]
}

fn is_repeatable(shape: &Shape) -> bool {
    match &shape.kind {
        Kind::List(_) => true,
        Kind::Union(union) => union.branches.iter().any(is_repeatable),
        _ => false,
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn body(operation: &Operation, made: &Made) -> Value {
    let Some(body) = &operation.body else {
        return Value::Null;
    };
    let mut value = facts().sample(&body.shape, made.extent, made.turn);
    if body.content_type != "application/json"
        && let Some(fields) = value.as_object_mut()
    {
        fields.retain(|_, value| !value.is_null());
        fields
            .values_mut()
            .for_each(|value| *value = text(value).into());
    }
    value
}

fn content_type(operation: &Operation) -> String {
    operation
        .body
        .as_ref()
        .map_or_else(String::new, |body| body.content_type.clone())
}

/// What is open to everybody is asked without a token: one that is no good would spoil it.
fn token(operation: &Operation) -> String {
    if operation.auth.is_empty() {
        return String::new();
    }
    format!("Bearer {TOKEN}")
}

/// The fields of named shapes that a value shows, as `Shape.field`.
pub(crate) fn shown(shape: &Shape, value: &Value, seen: &mut BTreeSet<String>) {
    let name = match &shape.kind {
        Kind::Reference(name) => name.as_str(),
        _ => "",
    };
    let Some(shape) = facts().resolve(shape) else {
        return;
    };
    match &shape.kind {
        Kind::Object(object) => {
            for field in &object.fields {
                if let Some(value) = value.get(&field.name) {
                    seen.insert(format!("{name}.{}", field.name));
                    shown(&field.shape, value, seen);
                }
            }
        }
        Kind::Union(union) => {
            for branch in union.branches.iter().filter(|branch| fits(branch, value)) {
                shown(branch, value, seen);
            }
        }
        Kind::List(list) => {
            for item in value.as_array().into_iter().flatten() {
                shown(&list.items, item, seen);
            }
        }
        Kind::Map(map) => {
            for value in value
                .as_object()
                .into_iter()
                .flat_map(serde_json::Map::values)
            {
                shown(&map.values, value, seen);
            }
        }
        _ => {}
    }
}

/// The fields of named shapes that can be said at all, as `Shape.field`.
pub(crate) fn known(shape: &Shape, known_fields: &mut BTreeSet<String>) {
    let name = match &shape.kind {
        Kind::Reference(name) => name.as_str(),
        _ => "",
    };
    let Some(shape) = facts().resolve(shape) else {
        return;
    };
    match &shape.kind {
        Kind::Object(object) => {
            for field in object
                .fields
                .iter()
                .filter(|field| field.shape.kind != Kind::Null)
            {
                if known_fields.insert(format!("{name}.{}", field.name)) {
                    known(&field.shape, known_fields);
                }
            }
        }
        Kind::Union(union) => union.branches.iter().for_each(|b| known(b, known_fields)),
        Kind::List(list) => known(&list.items, known_fields),
        Kind::Map(map) => known(&map.values, known_fields),
        _ => {}
    }
}

/// Whether a value has every field its shape requires, and only such as the shape knows.
fn fits(shape: &Shape, value: &Value) -> bool {
    let Some(shape) = facts().resolve(shape) else {
        return false;
    };
    if value.is_null() {
        return shape.nullable || shape.kind == Kind::Null;
    }
    match &shape.kind {
        Kind::Object(object) => value.as_object().is_some_and(|fields| {
            let complete = object.fields.iter().all(|field| {
                let value = fields.get(&field.name);
                value.map_or(!field.required, |value| {
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

/// Numbers and texts as text, a whole number as one however it is written.
fn plain(value: &Value) -> String {
    match value.as_f64() {
        Some(number) => number.to_string(),
        None => text(value),
    }
}

/// The first thing an answer says that its reading does not.
pub(crate) fn lost(answer: &Value, read: &Value) -> Option<String> {
    match (answer, read) {
        (Value::Object(answer), Value::Object(read)) => answer.iter().find_map(|(name, value)| {
            let lost = lost(value, read.get(name).unwrap_or(&Value::Null))?;
            Some(format!(".{name}{lost}"))
        }),
        (Value::Array(answer), Value::Array(read)) if answer.len() == read.len() => {
            let pairs = answer.iter().zip(read).enumerate();
            let mut lost = pairs.filter_map(|(index, (answer, read))| {
                lost(answer, read).map(|lost| format!("[{index}]{lost}"))
            });
            lost.next()
        }
        (answer, read) if plain(answer) == plain(read) => None,
        (answer, read) => Some(format!(": {answer} became {read}")),
    }
}
