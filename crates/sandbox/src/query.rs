//! Query parameters as Polar reads them: repeatable, typed late, metadata in brackets.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// The decoded pairs of a query string, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Pairs as decoded from the request.
    pub(crate) const fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// All pairs, in order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Every value given under `name`.
    pub(crate) fn all<'q>(&'q self, name: &str) -> impl Iterator<Item = &'q str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The last value given under `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// True when every name that is given is one of `names`.
    pub(crate) fn asks_for_nothing_but(&self, names: &[&str]) -> bool {
        self.pairs().all(|(name, _)| names.contains(&name))
    }

    /// Every `metadata[key]` asked for, with its values.
    pub(crate) fn metadata(&self) -> Vec<(&str, Vec<&str>)> {
        let names = self.pairs().filter_map(|(name, _)| {
            let key = name.strip_prefix("metadata[")?;
            Some((key.trim_end_matches(']'), self.all(name).collect()))
        });
        names.collect()
    }

    /// True when `name` is not given, or one of its values is `actual`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers hand in ids and words as they come"
    )]
    pub(crate) fn allows(&self, name: &str, actual: impl ToString) -> bool {
        let mut wanted = self.all(name).peekable();
        if wanted.peek().is_none() {
            return true;
        }
        let actual = actual.to_string();
        wanted.any(|value| value == actual)
    }

    /// Like [`Query::allows`], for a value that may be absent.
    pub(crate) fn allows_some(&self, name: &str, actual: Option<impl ToString>) -> bool {
        match actual {
            Some(actual) => self.allows(name, actual),
            None => self.all(name).next().is_none(),
        }
    }

    /// Like [`Query::allows`], for a list: true when one of `actual` is asked for.
    pub(crate) fn allows_any<T: ToString>(&self, name: &str, actual: &[T]) -> bool {
        let mut wanted = self.all(name).peekable();
        wanted.peek().is_none()
            || wanted.any(|value| actual.iter().any(|actual| actual.to_string() == value))
    }

    /// A boolean in any of pydantic's spellings.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)?.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" | "t" | "y" => Some(true),
            "false" | "0" | "no" | "off" | "f" | "n" => Some(false),
            _ => None,
        }
    }

    /// True when the flag is not given or equals `actual`.
    pub(crate) fn allows_flag(&self, name: &str, actual: bool) -> bool {
        self.flag(name).is_none_or(|wanted| wanted == actual)
    }

    /// A moment.
    pub(crate) fn time(&self, name: &str) -> Option<Timestamp> {
        self.get(name)?.parse().ok()
    }

    /// A whole number.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }

    /// True when no search text is given under `name`, or one of `texts` contains it in any case.
    pub(crate) fn finds<'t>(&self, name: &str, texts: impl IntoIterator<Item = &'t str>) -> bool {
        let Some(wanted) = self.get(name).map(str::to_lowercase) else {
            return true;
        };
        texts
            .into_iter()
            .any(|text| text.to_lowercase().contains(&wanted))
    }

    /// True when every `metadata[key]` asked for is met.
    pub(crate) fn allows_metadata(&self, metadata: &Map<String, Value>) -> bool {
        has_metadata(&self.metadata(), metadata)
    }
}

/// True when every key is there with one of its values, compared as JSON text.
pub(crate) fn has_metadata(wanted: &[(&str, Vec<&str>)], metadata: &Map<String, Value>) -> bool {
    wanted.iter().all(|(key, values)| {
        metadata.get(*key).is_some_and(|value| match value {
            Value::String(text) => values.contains(&text.as_str()),
            other => values.contains(&other.to_string().as_str()),
        })
    })
}
