//! The value a meter's filter compares with.

use serde::Serialize;
use serde_json::Value;

use crate::read::{Node, Read, through_serde};

/// A text, a whole number or a flag.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum FilterValue {
    /// Text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// True or false.
    Flag(bool),
    /// Something newer than this build.
    Unrecognized(Value),
}

impl Read for FilterValue {
    fn read(node: &Node<'_>) -> Self {
        match node.to_value() {
            Value::String(text) => Self::Text(text),
            Value::Bool(flag) => Self::Flag(flag),
            other => other
                .as_i64()
                .map_or(Self::Unrecognized(other), Self::Whole),
        }
    }
}

through_serde!(FilterValue);

impl From<&str> for FilterValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for FilterValue {
    fn from(number: i64) -> Self {
        Self::Whole(number)
    }
}

impl From<bool> for FilterValue {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}
