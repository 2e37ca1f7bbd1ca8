//! Reading what Polar sent, leniently and in one place.
//!
//! Polar adds and drops fields and words without notice. What is missing, or null where it should
//! not be, reads as nothing wherever nothing says the truth:
//!
//! | missing or null | reads as |
//! |---|---|
//! | nullable or optional field | `None` |
//! | list, map, free-form JSON | empty |
//! | flag | `false` |
//! | text | empty |
//! | word of an enum, country | the empty word: `Unrecognized("")` |
//! | union | `Unrecognized(null)` |
//! | object | the object read from `{}` |
//! | **id, time, day, amount, number, currency, secret** | **an error: these are never made up** |
//!
//! The last line is what Polar may not drop while it keeps a version's promise. Besides:
//!
//! - Fields we don't know are passed over.
//! - A word we don't know is kept as `Unrecognized(word)` and written back as it came.
//! - A union whose branch we don't know, can't tell, or can't read is kept as
//!   `Unrecognized(value)`, whole.
//! - A list never loses an item silently: one that can't be read fails the reading.
//! - Where a field holds something else altogether (a number for a text), the reading fails.
//! - A country is kept as it came; a currency is lowered, so that amounts can be compared.
//! - Of a repeated key the last counts, as with every common reader.
//!
//! A failed reading names the way to the field, such as `items[3].price.id`, and never shows the
//! value.

mod error;
mod json;
mod node;
mod plain;

use std::cell::OnceCell;

use serde::{
    Deserialize as _, Deserializer,
    de::{DeserializeOwned, Error as _},
};

pub use self::{error::ReadError, node::Node};
pub(crate) use self::{json::Json, node::through_serde};

/// Reads a JSON text.
pub fn from_slice<T: Read>(json: &[u8]) -> Result<T, ReadError> {
    let json = serde_json::from_slice(json)
        .map_err(|error| ReadError::new(format!("not JSON: {error}")))?;
    from_json(&json)
}

/// Reads a JSON text as any type of serde's, as strictly as the type is.
pub fn with_serde<T: DeserializeOwned>(json: &[u8]) -> Result<T, ReadError> {
    // Its message would show the value.
    let place = |error: serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        ReadError::new(format!("not as the type is, at {line}:{column}"))
    };
    serde_json::from_slice(json).map_err(place)
}

/// Reads what was parsed.
pub(crate) fn from_json<T: Read>(json: &Json<'_>) -> Result<T, ReadError> {
    let fault = OnceCell::new();
    let value = T::read(&Node::root(json, &fault));
    fault.into_inner().map_or(Ok(value), Err)
}

/// Reads what serde hands over.
pub(crate) fn deserialize<'de, T: Read, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    from_json(&Json::deserialize(from)?).map_err(D::Error::custom)
}

/// What can be read from JSON.
pub trait Read: Sized {
    /// Reads what stands there, or what it means that nothing does. A problem is noted at the
    /// node; what comes back then is a stand-in that [`from_slice`] hands to nobody.
    fn read(node: &Node<'_>) -> Self;
}
