//! What an app tells in its answer: `x-polar-usage: tokens=123, bytes=456, plan=pro`.

use http::{HeaderMap, HeaderName};
use serde_json::{Map, Number, Value};

/// What one answer may tell; more is passed over.
const FIELDS_MAX: usize = 20;
/// Polar's own limits.
const KEY_CHARS_MAX: usize = 40;
const TEXT_CHARS_MAX: usize = 500;

/// Takes the report out of an answer. What is no `key=value` is passed over.
pub(super) fn take(headers: &mut HeaderMap, name: &HeaderName) -> Map<String, Value> {
    if !headers.contains_key(name) {
        return Map::new();
    }
    let lines = headers.get_all(name).iter();
    let texts: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
    let items = texts.iter().flat_map(|text| text.split(','));
    let (told, odd): (Vec<_>, Vec<_>) = items
        .filter(|item| !item.trim().is_empty())
        .map(field)
        .partition(Option::is_some);
    let report = told.into_iter().flatten().take(FIELDS_MAX).collect();
    if !odd.is_empty() {
        tracing::warn!(header = %name, "an app reports usage that is no key=value");
    }
    headers.remove(name);
    report
}

fn field(item: &str) -> Option<(String, Value)> {
    let (key, value) = item.split_once('=')?;
    let (key, value) = (key.trim(), value.trim().trim_matches('"'));
    let of_a_key = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let fits = (1..=KEY_CHARS_MAX).contains(&key.len())
        && key.bytes().all(of_a_key)
        && (1..=TEXT_CHARS_MAX).contains(&value.chars().count());
    fits.then(|| (key.to_owned(), read(value)))
}

/// A number or a truth where it looks like one.
fn read(value: &str) -> Value {
    let whole = value.parse::<i64>().map(Value::from);
    let number = || value.parse::<f64>().ok().and_then(Number::from_f64);
    match (whole, value) {
        (Ok(whole), _) => whole,
        (_, "true") => true.into(),
        (_, "false") => false.into(),
        _ => number().map_or_else(|| value.into(), Value::Number),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_texts_and_truths_are_read_and_nothing_else_passes() {
        let mut headers = HeaderMap::new();
        let name = HeaderName::from_static("x-polar-usage");
        let long = "x".repeat(501);
        for line in [
            "tokens=123, cost = 0.25 ,plan=\"pro\"",
            "cached=true,,nonsense, =5, bad key=1, empty=",
            &format!("long={long}, infinite=inf"),
        ] {
            headers.append(&name, line.parse().unwrap());
        }
        let told = take(&mut headers, &name);
        let expected = json!({
            "tokens": 123, "cost": 0.25, "plan": "pro", "cached": true, "infinite": "inf",
        });
        assert_eq!(Value::Object(told), expected);
        assert!(headers.is_empty());
    }
}
