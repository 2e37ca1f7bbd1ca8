//! Decimals: exact in here, a JSON number or a text on the wire.

use std::fmt;

use rust_decimal::{Decimal, prelude::ToPrimitive as _};
use serde::{Serialize, Serializer};

use crate::read::{Json, Node, Read, through_serde};

/// Declares a newtype over a decimal that reads a number or a text.
macro_rules! decimal {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Decimal);

        impl From<Decimal> for $name {
            fn from(decimal: Decimal) -> Self {
                Self(decimal)
            }
        }

        impl From<i64> for $name {
            fn from(whole: i64) -> Self {
                Self(whole.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.normalize().fmt(f)
            }
        }

        impl Read for $name {
            fn read(node: &Node<'_>) -> Self {
                Self(decimal(node).unwrap_or_default())
            }
        }

        through_serde!($name);
    };
}

decimal! {
    /// How much of something: a meter's balance, a rate. A JSON number on the wire.
    Quantity
}
decimal! {
    /// A price finer than a minor unit, in minor units. A JSON text on the wire.
    UnitPrice
}

/// Numbers that have a fraction, or could, are written with one: `10.0`.
impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.to_f64() {
            Some(number) => serializer.serialize_f64(number),
            None => Err(serde::ser::Error::custom(
                "a quantity past what JSON numbers hold",
            )),
        }
    }
}

impl Serialize for UnitPrice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// The shortest text of a float is the number that was meant; 1e21 and its like need the
/// scientific reading.
fn decimal(node: &Node<'_>) -> Option<Decimal> {
    let text = match node.json() {
        Some(Json::Number(number)) => &*number.to_string(),
        Some(Json::Text(text)) => text,
        _ => {
            node.expected("a number");
            return None;
        }
    };
    let decimal = text
        .parse()
        .or_else(|_plain| Decimal::from_scientific(text));
    if decimal.is_err() {
        node.problem("this is no decimal we can hold".to_owned());
    }
    decimal.ok()
}
