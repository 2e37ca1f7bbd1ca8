//! How many units: exact, more than none, and such that nobody on the way rounds them.

use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::usage::meter::decimal;

/// A JSON number keeps so many digits, wherever it is read.
const DIGITS_MAX: i128 = 1_000_000_000_000_000;
/// Digits after the point.
const SCALE_MAX: u32 = 9;
/// Of a text.
const CHARS_MAX: usize = 32;

/// Units of a meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Units(pub(crate) Decimal);

impl Units {
    fn new(given: &Value) -> Option<Self> {
        let units = match given {
            Value::Number(number) => decimal(number)?,
            Value::String(text) if is_plain(text) => Decimal::from_str_exact(text).ok()?,
            _ => return None,
        };
        let units = units.normalize();
        let fits =
            units > Decimal::ZERO && units.mantissa() < DIGITS_MAX && units.scale() <= SCALE_MAX;
        fits.then_some(Self(units))
    }
}

/// Digits, and perhaps a point.
fn is_plain(text: &str) -> bool {
    text.len() <= CHARS_MAX
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

impl<'de> Deserialize<'de> for Units {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = Value::deserialize(deserializer)?;
        Self::new(&given).ok_or_else(|| {
            D::Error::custom("more than 0, with at most 15 digits, 9 of them after the point")
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn units_are_exact_or_refused() {
        for (given, meant) in [
            (json!(1), "1"),
            (json!(2.50), "2.5"),
            (json!(1e-9), "0.000000001"),
            (json!("100.0"), "100"),
            (json!("0.1"), "0.1"),
            (json!(999_999_999_999_999_u64), "999999999999999"),
        ] {
            assert_eq!(
                Units::new(&given),
                Some(Units(meant.parse().unwrap())),
                "{given}"
            );
        }
        for given in [
            json!(0),
            json!(-1),
            json!(-0.0),
            json!(1e300),
            json!(1_000_000_000_000_001_u64),
            json!(1e-10),
            json!("NaN"),
            json!("1e3"),
            json!(" 1"),
            json!("-1"),
            json!("1_0"),
            json!(""),
            json!("."),
            json!("1.0000000000000000000000000000001"),
            json!(null),
            json!(true),
            json!([1]),
            json!("٣"),
        ] {
            assert_eq!(Units::new(&given), None, "{given}");
        }
    }
}
