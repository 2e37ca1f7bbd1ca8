//! A place in what was received.

use std::{cell::OnceCell, str::FromStr};

use serde_json::Value;

use super::{Json, Read, ReadError};

/// A place in what was received: what stands there, if anything, and the way to it.
#[derive(Debug)]
pub struct Node<'a> {
    json: Option<&'a Json<'a>>,
    step: Step<'a>,
    parent: Option<&'a Self>,
    /// The first problem met, anywhere.
    fault: &'a OnceCell<ReadError>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Field(&'a str),
    Item(usize),
}

impl<'a> Node<'a> {
    pub(crate) fn root(json: &'a Json<'a>, fault: &'a OnceCell<ReadError>) -> Self {
        Node {
            json: Some(json),
            step: Step::Root,
            parent: None,
            fault,
        }
    }

    /// What stands here; null is nothing.
    pub(crate) fn json(&self) -> Option<&'a Json<'a>> {
        self.json.filter(|json| !matches!(json, Json::Null))
    }

    /// What stands here, owned; null when nothing does.
    pub(crate) fn to_value(&self) -> Value {
        self.json.map_or(Value::Null, Json::to_value)
    }

    /// The node itself, once it is seen that nothing but an object stands here.
    pub(crate) fn object(&self) -> &Self {
        if !matches!(self.json(), None | Some(Json::Object(_))) {
            self.expected("an object");
        }
        self
    }

    /// Reads a field.
    pub(crate) fn field<T: Read>(&self, name: &str) -> T {
        T::read(&self.child(name))
    }

    /// A field.
    pub(crate) fn child<'b>(&'b self, name: &'b str) -> Node<'b> {
        let json = self.json.and_then(|json| json.get(name));
        self.inside(Step::Field(name), json)
    }

    /// A value under a key.
    pub(crate) fn entry<'b>(&'b self, name: &'b str, json: &'b Json<'b>) -> Node<'b> {
        self.inside(Step::Field(name), Some(json))
    }

    /// An item of a list.
    pub(crate) fn item<'b>(&'b self, index: usize, json: &'b Json<'b>) -> Node<'b> {
        self.inside(Step::Item(index), Some(json))
    }

    fn inside<'b>(&'b self, step: Step<'b>, json: Option<&'b Json<'b>>) -> Node<'b> {
        Node {
            json,
            step,
            parent: Some(self),
            fault: self.fault,
        }
    }

    /// Reads it as something it may not be; problems are nobody else's.
    pub(crate) fn attempt<T: Read>(&self) -> Option<T> {
        let fault = OnceCell::new();
        let read = T::read(&Node {
            fault: &fault,
            ..*self
        });
        fault.get().is_none().then_some(read)
    }

    /// The text that stands here; empty when there is none.
    pub(crate) fn text(&self) -> &'a str {
        match self.json() {
            Some(Json::Text(text)) => text,
            None => "",
            Some(_) => {
                self.expected("text");
                ""
            }
        }
    }

    /// The text that must stand here and mean something.
    pub(crate) fn parsed<T: FromStr>(&self, what: &str) -> Option<T> {
        let Some(Json::Text(text)) = self.json() else {
            self.expected("text");
            return None;
        };
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.problem(format!("this text is no {what}"));
        }
        parsed
    }

    /// Notes that something else belongs here. The value stays out: it may be anybody's secret.
    #[cold]
    pub(crate) fn expected(&self, what: &str) {
        self.problem(match self.json {
            None => "missing".to_owned(),
            Some(json) => format!("expected {what}, found {}", json.kind()),
        });
    }

    /// Notes a problem, unless there was one before.
    #[cold]
    pub(crate) fn problem(&self, problem: String) {
        self.fault
            .get_or_init(|| ReadError::at(self.path(), problem));
    }

    fn path(&self) -> String {
        let mut path = self.parent.map(Self::path).unwrap_or_default();
        match self.step {
            Step::Root => {}
            Step::Field(name) if path.is_empty() => path.push_str(name),
            Step::Field(name) => path.extend([".", name]),
            Step::Item(index) => path.extend(["[", &index.to_string(), "]"]),
        }
        path
    }
}

/// Lets serde read what [`Read`] reads.
macro_rules! through_serde {
    ($($name:ty),* $(,)?) => {$(
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::read::deserialize(deserializer)
            }
        }
    )*};
}

pub(crate) use through_serde;
