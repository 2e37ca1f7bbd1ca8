//! Reading what Polar sent, leniently and in one place.
//!
//! Polar adds and drops fields without notice. A field that is missing reads as nothing when
//! nothing is sensible: a nullable one as `None`, a list or map as empty, a flag as `false`, plain
//! text as empty. Ids, times, numbers and enum words are never made up: without one the reading
//! fails, and the error names the way to it. Fields we don't know are passed over.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde_json::{Map, Value};

/// Reads a JSON text.
pub fn from_slice<T: Read>(json: &[u8]) -> Result<T, ReadError> {
    let value = serde_json::from_slice(json)
        .map_err(|error| ReadError::new(format!("not JSON: {error}")))?;
    T::read(value)
}

/// What can be read from JSON.
pub trait Read: Sized {
    /// Reads it from a value that is there.
    fn read(value: Value) -> Result<Self, ReadError>;

    /// Its reading when the field is missing, if it has a sensible one.
    fn missing() -> Option<Self> {
        None
    }
}

/// Why a value could not be read, and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    /// The way from the outside in, kept backwards while it grows.
    steps: Vec<Step>,
    problem: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(String),
    Item(usize),
}

impl ReadError {
    /// A problem right here.
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self {
            steps: Vec::new(),
            problem: problem.into(),
        }
    }

    /// Something else stood here. The value itself stays out: it may be anybody's secret.
    pub(crate) fn expected(what: &str, found: &Value) -> Self {
        let found = match found {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        Self::new(format!("expected {what}, found {found}"))
    }

    /// The same problem, seen from outside a field.
    pub(crate) fn in_field(self, name: &str) -> Self {
        self.within(Step::Field(name.to_owned()))
    }

    fn within(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// The way to the field, such as `items[3].price.id`; empty for the whole.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for step in self.steps.iter().rev() {
            match step {
                Step::Field(name) if path.is_empty() => path.push_str(name),
                Step::Field(name) => path.extend([".", name]),
                Step::Item(index) => path.extend(["[", &index.to_string(), "]"]),
            }
        }
        path
    }

    /// What was wrong there.
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path().as_str() {
            "" => f.write_str(&self.problem),
            path => write!(f, "{} at `{path}`", self.problem),
        }
    }
}

impl std::error::Error for ReadError {}

/// An object whose fields are taken out one by one.
pub(crate) struct Object(Map<String, Value>);

impl Object {
    pub(crate) fn open(value: Value) -> Result<Self, ReadError> {
        match value {
            Value::Object(fields) => Ok(Self(fields)),
            other => Err(ReadError::expected("an object", &other)),
        }
    }

    pub(crate) fn take<T: Read>(&mut self, name: &str) -> Result<T, ReadError> {
        let read = match self.0.remove(name) {
            Some(value) => T::read(value),
            None => T::missing().ok_or_else(|| ReadError::new("missing")),
        };
        read.map_err(|error| error.in_field(name))
    }
}

/// Text that is there.
pub(crate) fn text(value: &Value) -> Result<&str, ReadError> {
    value
        .as_str()
        .ok_or_else(|| ReadError::expected("text", value))
}

/// Text that means something.
pub(crate) fn parsed<T: FromStr>(value: &Value, what: &str) -> Result<T, ReadError> {
    let text = text(value)?;
    text.parse()
        .map_err(|_why| ReadError::new(format!("`{text}` is no {what}")))
}

impl Read for String {
    fn read(value: Value) -> Result<Self, ReadError> {
        match value {
            Value::String(text) => Ok(text),
            other => Err(ReadError::expected("text", &other)),
        }
    }

    fn missing() -> Option<Self> {
        Some(Self::new())
    }
}

impl Read for bool {
    fn read(value: Value) -> Result<Self, ReadError> {
        value
            .as_bool()
            .ok_or_else(|| ReadError::expected("true or false", &value))
    }

    fn missing() -> Option<Self> {
        Some(false)
    }
}

impl Read for i64 {
    fn read(value: Value) -> Result<Self, ReadError> {
        value
            .as_i64()
            .ok_or_else(|| ReadError::expected("a whole number of 64 bits", &value))
    }
}

impl Read for uuid::Uuid {
    fn read(value: Value) -> Result<Self, ReadError> {
        parsed(&value, "UUID")
    }
}

impl Read for jiff::civil::Date {
    fn read(value: Value) -> Result<Self, ReadError> {
        parsed(&value, "date")
    }
}

impl Read for Value {
    fn read(value: Value) -> Result<Self, ReadError> {
        Ok(value)
    }

    fn missing() -> Option<Self> {
        Some(Self::Null)
    }
}

impl<T: Read> Read for Box<T> {
    fn read(value: Value) -> Result<Self, ReadError> {
        T::read(value).map(Self::new)
    }

    fn missing() -> Option<Self> {
        T::missing().map(Self::new)
    }
}

impl<T: Read> Read for Option<T> {
    fn read(value: Value) -> Result<Self, ReadError> {
        if value.is_null() {
            Ok(None)
        } else {
            T::read(value).map(Some)
        }
    }

    fn missing() -> Option<Self> {
        Some(None)
    }
}

/// No list is an empty list.
impl<T: Read> Read for Vec<T> {
    fn read(value: Value) -> Result<Self, ReadError> {
        let items = match value {
            Value::Array(items) => items,
            Value::Null => return Ok(Self::new()),
            other => return Err(ReadError::expected("a list", &other)),
        };
        let read = |(index, item)| T::read(item).map_err(|error| error.within(Step::Item(index)));
        items.into_iter().enumerate().map(read).collect()
    }

    fn missing() -> Option<Self> {
        Some(Self::new())
    }
}

impl<A: Read, B: Read> Read for (A, B) {
    fn read(value: Value) -> Result<Self, ReadError> {
        match <[Value; 2]>::try_from(Vec::read(value)?) {
            Ok([one, two]) => Ok((A::read(one)?, B::read(two)?)),
            Err(items) => Err(ReadError::new(format!(
                "expected a pair, found {}",
                items.len()
            ))),
        }
    }
}

/// No map is an empty map.
impl Read for Map<String, Value> {
    fn read(value: Value) -> Result<Self, ReadError> {
        match value {
            Value::Object(entries) => Ok(entries),
            Value::Null => Ok(Self::new()),
            other => Err(ReadError::expected("an object", &other)),
        }
    }

    fn missing() -> Option<Self> {
        Some(Self::new())
    }
}

impl<K: FromStr + Ord, T: Read> Read for BTreeMap<K, T> {
    fn read(value: Value) -> Result<Self, ReadError> {
        let mut map = Self::new();
        for (name, entry) in Map::read(value)? {
            let key = name
                .parse()
                .map_err(|_why| ReadError::new(format!("`{name}` is no key")))?;
            let entry = T::read(entry).map_err(|error| error.within(Step::Field(name)))?;
            map.insert(key, entry);
        }
        Ok(map)
    }

    fn missing() -> Option<Self> {
        Some(Self::new())
    }
}

/// Lets serde read what [`Read`] reads.
macro_rules! through_serde {
    ($($name:ty),* $(,)?) => {$(
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = <serde_json::Value as serde::Deserialize>::deserialize(deserializer)?;
                crate::read::Read::read(value).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

pub(crate) use through_serde;
