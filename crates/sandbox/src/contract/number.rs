//! Booleans, whole numbers, floats and decimals.

use polarkit_spec::{IntegerRule, NumberRule};
use rust_decimal::Decimal;
use serde_json::{Number, Value, json};

use super::check::Check;

/// What Polar keeps of a decimal: digits in all, and after the point.
const DIGITS_MAX: usize = 17;
const PLACES_MAX: u32 = 12;

pub(super) fn boolean(check: &mut Check, value: &Value) -> Option<Value> {
    let read = match value {
        Value::Bool(_) => return Some(value.clone()),
        Value::String(text) => truth(text),
        Value::Number(number) => match number.to_string().trim_end_matches(".0") {
            "1" => Some(true),
            "0" => Some(false),
            _ if number.is_f64() => return refuse_boolean(check, value),
            _ => None,
        },
        _ => return refuse_boolean(check, value),
    };
    if read.is_none() {
        let message = "Input should be a valid boolean, unable to interpret input";
        check.flaw("bool_parsing", message, value, None);
    }
    read.map(Value::Bool)
}

fn refuse_boolean(check: &mut Check, value: &Value) -> Option<Value> {
    check.flaw("bool_type", "Input should be a valid boolean", value, None);
    None
}

/// A boolean in any of the spellings pydantic knows.
fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" | "t" | "y" => Some(true),
        "false" | "0" | "no" | "off" | "f" | "n" => Some(false),
        _ => None,
    }
}

pub(super) fn integer(check: &mut Check, rule: &IntegerRule, value: &Value) -> Option<Value> {
    let whole = match value {
        Value::Bool(truth) => i64::from(*truth),
        Value::Number(number) => {
            if let Some(whole) = whole(&number.to_string()) {
                whole
            } else {
                let message =
                    "Input should be a valid integer, got a number with a fractional part";
                check.flaw("int_from_float", message, value, None);
                return None;
            }
        }
        Value::String(text) => {
            if let Some(whole) = whole(&text.trim().replace('_', "")) {
                whole
            } else {
                let message =
                    "Input should be a valid integer, unable to parse string as an integer";
                check.flaw("int_parsing", message, value, None);
                return None;
            }
        }
        _ => {
            check.flaw("int_type", "Input should be a valid integer", value, None);
            return None;
        }
    };
    let bounds = [
        (
            rule.minimum,
            whole < rule.minimum.unwrap_or(i64::MIN),
            "greater_than_equal",
        ),
        (
            rule.maximum,
            whole > rule.maximum.unwrap_or(i64::MAX),
            "less_than_equal",
        ),
        (
            rule.exclusive_minimum,
            rule.exclusive_minimum.is_some_and(|bound| whole <= bound),
            "greater_than",
        ),
        (
            rule.exclusive_maximum,
            rule.exclusive_maximum.is_some_and(|bound| whole >= bound),
            "less_than",
        ),
    ];
    for (bound, broken, kind) in bounds {
        if let (Some(bound), true) = (bound, broken) {
            refuse_bound(check, kind, &bound.into(), value);
            return None;
        }
    }
    Some(whole.into())
}

/// A whole number, also when it is written with a point and zeros.
fn whole(text: &str) -> Option<i64> {
    let text = match text.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
        _ => text,
    };
    text.strip_prefix('+').unwrap_or(text).parse().ok()
}

pub(super) fn number(check: &mut Check, rule: &NumberRule, value: &Value) -> Option<Value> {
    let number = match value {
        Value::Number(_) => value.clone(),
        Value::Bool(truth) => u8::from(*truth).into(),
        Value::String(text) => {
            let parsed = text.trim().parse::<f64>().ok().and_then(Number::from_f64);
            if let Some(parsed) = parsed {
                parsed.into()
            } else {
                let message = "Input should be a valid number, unable to parse string as a number";
                check.flaw("float_parsing", message, value, None);
                return None;
            }
        }
        _ => {
            check.flaw("float_type", "Input should be a valid number", value, None);
            return None;
        }
    };
    let float = number.as_f64().unwrap_or_default();
    within(check, rule, float, value).then_some(number)
}

/// A decimal, which Polar takes as number or text and shows as text.
pub(super) fn decimal(check: &mut Check, rule: &NumberRule, value: &Value) -> Option<Value> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => {
            let message = "Decimal input should be an integer, float, string or Decimal object";
            check.flaw("decimal_type", message, value, None);
            return None;
        }
    };
    let parsed = text
        .parse::<Decimal>()
        .or_else(|_| Decimal::from_scientific(&text));
    let Ok(decimal) = parsed.map(|decimal| decimal.normalize()) else {
        check.flaw(
            "decimal_parsing",
            "Input should be a valid decimal",
            value,
            None,
        );
        return None;
    };
    if decimal.scale() > PLACES_MAX {
        let message = format!("Decimal input should have no more than {PLACES_MAX} decimal places");
        let context = json!({"decimal_places": PLACES_MAX});
        check.flaw("decimal_max_places", message, value, Some(context));
        return None;
    }
    if decimal.mantissa().unsigned_abs().to_string().len() > DIGITS_MAX {
        let message =
            format!("Decimal input should have no more than {DIGITS_MAX} digits in total");
        let context = json!({"max_digits": DIGITS_MAX});
        check.flaw("decimal_max_digits", message, value, Some(context));
        return None;
    }
    let float = decimal.to_string().parse().unwrap_or_default();
    within(check, rule, float, value).then(|| decimal.to_string().into())
}

fn within(check: &mut Check, rule: &NumberRule, float: f64, value: &Value) -> bool {
    let broken = [
        (
            rule.minimum.filter(|bound| float < *bound),
            "greater_than_equal",
        ),
        (
            rule.maximum.filter(|bound| float > *bound),
            "less_than_equal",
        ),
        (
            rule.exclusive_minimum.filter(|bound| float <= *bound),
            "greater_than",
        ),
        (
            rule.exclusive_maximum.filter(|bound| float >= *bound),
            "less_than",
        ),
    ];
    for (bound, kind) in broken {
        if let Some(bound) = bound {
            let shown = whole(&json!(bound).to_string()).map_or(json!(bound), Value::from);
            refuse_bound(check, kind, &shown, value);
            return false;
        }
    }
    true
}

fn refuse_bound(check: &mut Check, kind: &'static str, bound: &Value, value: &Value) {
    let (words, key) = match kind {
        "greater_than_equal" => ("greater than or equal to", "ge"),
        "less_than_equal" => ("less than or equal to", "le"),
        "greater_than" => ("greater than", "gt"),
        _ => ("less than", "lt"),
    };
    let message = format!("Input should be {words} {bound}");
    check.flaw(kind, message, value, Some(json!({key: bound})));
}
