//! How values look on Polar's wire.

mod json;

use jiff::Timestamp;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value;

pub(crate) use self::json::{Json, Nothing, Object, ToJson, object, plain, write_plain};

/// A moment as Polar writes it: UTC, `Z`, microseconds only when there are any.
pub(crate) fn time(moment: Timestamp) -> Value {
    let whole_second = moment.subsec_nanosecond() == 0;
    if whole_second {
        format!("{moment:.0}")
    } else {
        format!("{moment:.6}")
    }
    .into()
}

/// A moment that may not have come.
pub(crate) fn time_or_null(moment: Option<Timestamp>) -> Value {
    moment.map_or(Value::Null, time)
}

/// Adds every key of `more` to the object `into`.
pub(crate) fn merge(into: &mut Value, more: Value) {
    if let (Some(into), Value::Object(more)) = (into.as_object_mut(), more) {
        into.extend(more);
    }
}

/// A quantity as Polar writes it: a JSON float.
pub(crate) fn quantity(amount: Decimal) -> Value {
    amount.to_f64().into()
}
