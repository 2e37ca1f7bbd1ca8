//! How values look on Polar's wire.

use jiff::Timestamp;
use serde_json::Value;

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
