//! JSON that is written once, into the text that goes out. A tree of values would be built, copied into
//! the tree around it and thrown away for every resource inside another; here a resource inside another
//! is a copy of its bytes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::world::Id;

/// Moments are written with microseconds, or without a fraction when there is none.
const WHOLE: DateTimePrinter = DateTimePrinter::new().precision(Some(0));
const FINE: DateTimePrinter = DateTimePrinter::new().precision(Some(6));

/// What most resources fit into, so that their text grows in place.
const USUAL_BYTES: usize = 1024;

/// A piece of JSON, as text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Json(Vec<u8>);

impl Json {
    /// The text.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The same as a tree, for whoever takes it apart.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.0).unwrap_or_default()
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self(value.to_string().into_bytes())
    }
}

/// A list.
impl From<Vec<Self>> for Json {
    fn from(items: Vec<Self>) -> Self {
        let mut text = Vec::with_capacity(USUAL_BYTES);
        items.write(&mut text);
        Self(text)
    }
}

/// Anything that goes into [`object`].
pub(crate) trait ToJson {
    /// Adds its text.
    fn write(&self, into: &mut Vec<u8>);
}

/// Types that are shown just as they are saved: words, numbers, the seller's own objects.
macro_rules! plain {
    ($($type:ty),* $(,)?) => {$(
        impl $crate::render::ToJson for $type {
            fn write(&self, into: &mut Vec<u8>) {
                $crate::render::write_plain(self, into);
            }
        }
    )*};
}

plain!(bool, i64, i32, i8, u16, u32, usize, str, String, Value);
plain!(Map<String, Value>, BTreeMap<String, i64>);

impl<T> ToJson for Id<T> {
    fn write(&self, into: &mut Vec<u8>) {
        write_plain(self, into);
    }
}

/// Writes what is shown as it is saved.
pub(crate) fn write_plain(value: &(impl Serialize + ?Sized), into: &mut Vec<u8>) {
    let begin = into.len();
    if let Err(error) = serde_json::to_writer(&mut *into, value) {
        tracing::error!(%error, "a value cannot be shown: this is a bug of the sandbox");
        into.truncate(begin);
        Nothing.write(into);
    }
}

impl ToJson for Json {
    fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.0);
    }
}

impl ToJson for Timestamp {
    fn write(&self, into: &mut Vec<u8>) {
        let printer = if self.subsec_nanosecond() == 0 {
            WHOLE
        } else {
            FINE
        };
        into.push(b'"');
        // Memory takes every byte.
        printer
            .print_timestamp(self, &mut *into)
            .unwrap_or_default();
        into.push(b'"');
    }
}

/// `null`
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nothing;

impl ToJson for Nothing {
    fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(b"null");
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn write(&self, into: &mut Vec<u8>) {
        match self {
            Some(value) => value.write(into),
            None => Nothing.write(into),
        }
    }
}

impl<T: ToJson + ?Sized> ToJson for &T {
    fn write(&self, into: &mut Vec<u8>) {
        (*self).write(into);
    }
}

impl<T: ToJson> ToJson for [T] {
    fn write(&self, into: &mut Vec<u8>) {
        into.push(b'[');
        for value in self {
            value.write(into);
            into.push(b',');
        }
        close(into, b']');
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn write(&self, into: &mut Vec<u8>) {
        self.as_slice().write(into);
    }
}

/// An object in the making. Each name is given once: nobody looks whether it is there already.
#[derive(Debug)]
pub(crate) struct Object(Vec<u8>);

impl Object {
    pub(crate) fn begin() -> Self {
        let mut text = Vec::with_capacity(USUAL_BYTES);
        text.push(b'{');
        Self(text)
    }

    /// With a member; `name` is its name in quotes, with the colon.
    pub(crate) fn with(mut self, name: &'static str, value: &(impl ToJson + ?Sized)) -> Self {
        self.0.extend_from_slice(name.as_bytes());
        value.write(&mut self.0);
        self.0.push(b',');
        self
    }

    /// Adds a member whose name is not known beforehand.
    pub(crate) fn put_named(&mut self, name: &str, value: &impl ToJson) {
        name.write(&mut self.0);
        self.0.push(b':');
        value.write(&mut self.0);
        self.0.push(b',');
    }

    /// With the members of another object.
    pub(crate) fn with_all(mut self, other: &Json) -> Self {
        let inner = other.0.strip_prefix(b"{");
        let inner = inner.and_then(|text| text.strip_suffix(b"}"));
        if let Some(inner) = inner.filter(|text| !text.is_empty()) {
            self.0.extend_from_slice(inner);
            self.0.push(b',');
        }
        self
    }

    pub(crate) fn end(mut self) -> Json {
        close(&mut self.0, b'}');
        Json(self.0)
    }
}

/// Puts the end of a list or an object in the place of the comma after its last member.
fn close(text: &mut Vec<u8>, end: u8) {
    if text.last() == Some(&b',') {
        text.pop();
    }
    text.push(end);
}

/// `object!({..whole, "name": value})` is a [`Json`] object: the members of `whole`, then those named.
macro_rules! object {
    ({ $(..$whole:expr),+ }) => { $crate::render::object!({ $(..$whole,)+ }) };
    ({ $(..$whole:expr,)* $($name:literal: $value:expr),* $(,)? }) => {
        $crate::render::Object::begin()
            $(.with_all(&$whole))*
            $(.with(concat!("\"", $name, "\":"), &$value))*
            .end()
    };
}

pub(crate) use {object, plain};

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_what_a_tree_of_values_would_say() {
        let inner = object!({"list": vec![1_i64, 2], "none": None::<i64>});
        let shown = object!({
            ..inner,
            ..object!({}),
            "text": "\"quoted\" \u{7} ü",
            "inside": Some(&inner),
            "several": vec![inner.clone(), inner.clone()],
            "empty": Vec::<Json>::new(),
            "nothing": Nothing,
            "map": json!({"a": [1, null]}),
        });
        let inner = json!({"list": [1, 2], "none": null});
        let tree = json!({
            "list": [1, 2],
            "none": null,
            "text": "\"quoted\" \u{7} ü",
            "inside": inner,
            "several": [inner, inner],
            "empty": [],
            "nothing": null,
            "map": {"a": [1, null]},
        });
        assert_eq!(shown.value(), tree);
        assert_eq!(shown, Json::from(tree), "to the byte");
        assert_eq!(object!({}), Json::from(json!({})));
    }

    #[test]
    fn a_moment_has_microseconds_or_no_fraction() {
        for (moment, text) in [
            ("2026-01-31T10:00:00Z", "2026-01-31T10:00:00Z"),
            ("2026-01-31T10:00:00.5Z", "2026-01-31T10:00:00.500000Z"),
            ("2026-01-31T10:00:00.000001Z", "2026-01-31T10:00:00.000001Z"),
        ] {
            let moment: Timestamp = moment.parse().unwrap();
            assert_eq!(object!({"at": moment}).value(), json!({"at": text}));
            assert_eq!(crate::render::time(moment), text);
        }
    }
}
