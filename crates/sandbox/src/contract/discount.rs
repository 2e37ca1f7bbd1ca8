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
        "Code must be between 3 and 256 characters long."
    } else {
        return Some(text.into());
    };
    let message = format!("Value error, {problem}");
    check.flaw("value_error", message, value, Some(json!({"error": {}})));
    None
}

/// What contradicts itself in a new discount, or in a change of one.
pub(super) fn conflict(name: &str, sent: &Map<String, Value>) -> Option<&'static str> {
    let given = |field: &str| sent.get(field).filter(|value| !value.is_null());
    let moment = |field| given(field)?.as_str()?.parse::<Timestamp>().ok();
    let dates = moment("starts_at").zip(moment("ends_at"));
    if dates.is_some_and(|(start, end)| start >= end) {
        return Some("starts_at must be before ends_at");
    }
    let is_new = name != "DiscountUpdate";
    match (given("amount"), given("amounts")) {
        (Some(_), Some(_)) => return Some("Cannot specify both `amount` and `amounts`."),
        (None, None) if name == "DiscountFixedCreate" => {
            return Some("Must specify either `amount` or `amounts`.");
        }
        _ => {}
    }
    let repeats = given("duration").is_some_and(|word| word == "repeating");
    match (repeats, given("duration_in_months").is_some()) {
        (true, false) if is_new => {
            Some("`duration_in_months` is required when `duration` is `repeating`.")
        }
        (false, true) if is_new => {
            Some("`duration_in_months` must be omitted when `duration` is not `repeating`.")
        }
        _ => None,
    }
}
