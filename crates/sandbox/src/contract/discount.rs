//! What Polar's validators ask of a discount beside its shape.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::check::Check;

/// How long a code may be.
const CODE_MIN: usize = 3;
const CODE_MAX: usize = 256;

/// A code: letters and digits, of some length.
pub(super) fn code(check: &mut Check, text: &str, value: &Value) -> Option<Value> {
    let length = text.chars().count();
    let problem = if !text.chars().all(char::is_alphanumeric) {
        "Code must contain only alphanumeric characters."
    } else if !(CODE_MIN..=CODE_MAX).contains(&length) {
        "Code must have between 3 and 256 characters."
    } else {
        return Some(text.into());
    };
    let message = format!("Value error, {problem}");
    check.flaw("value_error", message, value, Some(json!({"error": {}})));
    None
}

/// What contradicts itself in a new discount.
pub(super) fn conflict(name: &str, sent: &Map<String, Value>) -> Option<&'static str> {
    let given = |field: &str| sent.get(field).filter(|value| !value.is_null());
    let moment = |field| given(field)?.as_str()?.parse::<Timestamp>().ok();
    let repeats = given("duration").is_some_and(|word| word == "repeating");
    let dates = moment("starts_at").zip(moment("ends_at"));
    if dates.is_some_and(|(start, end)| start >= end) {
        return Some("A discount must start before it ends");
    }
    if name == "DiscountFixedCreate" && given("amount").is_some() == given("amounts").is_some() {
        return Some("A fixed discount has either amounts, or an amount");
    }
    match (repeats, given("duration_in_months").is_some()) {
        (true, false) => Some("A repeating discount needs its duration_in_months"),
        (false, true) => Some("Only a repeating discount has a duration_in_months"),
        (true, true) | (false, false) => None,
    }
}
