//! Texts, and what some of them stand for: ids, moments, addresses.

use polarkit_spec::StringRule;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::check::Check;
use super::{email, moment};

/// What Polar says of a NUL character, which its database cannot store.
pub(super) const NUL: &str = "This value contains invalid characters";

pub(super) fn string(check: &mut Check, rule: &StringRule, value: &Value) -> Option<Value> {
    match rule.format.as_deref() {
        Some("uuid4") => uuid(check, value, true),
        Some("uuid") => uuid(check, value, false),
        Some("date-time") => moment::moment(check, value),
        Some("date") => moment::date(check, value),
        Some("uri") => uri(check, rule, value),
        Some("email") => {
            let text = plain(check, rule, value)?;
            email::check(check, &text, value)
        }
        Some("ipvanyaddress") => ip(check, value),
        _ => plain(check, rule, value).map(Value::String),
    }
}

/// True when a NUL hides anywhere in the value.
pub(super) fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(entries) => entries
            .iter()
            .any(|(key, part)| key.contains('\0') || has_nul(part)),
        _ => false,
    }
}

fn plain(check: &mut Check, rule: &StringRule, value: &Value) -> Option<String> {
    let Some(text) = value.as_str() else {
        check.flaw("string_type", "Input should be a valid string", value, None);
        return None;
    };
    if text.contains('\0') {
        check.flaw("value_error", NUL, value, None);
        return None;
    }
    let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    let characters = |count| {
        if count == 1 {
            "character"
        } else {
            "characters"
        }
    };
    if let Some(least) = rule.min_length.filter(|least| length < *least) {
        let message = format!("String should have at least {least} {}", characters(least));
        let context = json!({"min_length": least});
        check.flaw("string_too_short", message, value, Some(context));
        return None;
    }
    if let Some(most) = rule.max_length.filter(|most| length > *most) {
        let message = format!("String should have at most {most} {}", characters(most));
        let context = json!({"max_length": most});
        check.flaw("string_too_long", message, value, Some(context));
        return None;
    }
    if let Some(pattern) = &rule.pattern
        && !matches(pattern, text)
    {
        let message = format!("String should match pattern '{pattern}'");
        let context = json!({"pattern": pattern});
        check.flaw("string_pattern_mismatch", message, value, Some(context));
        return None;
    }
    Some(text.to_owned())
}

/// The few patterns that Polar's inputs have, so that no expression engine is needed. A pattern that
/// is not among them is not checked.
fn matches(pattern: &str, text: &str) -> bool {
    let slug =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    match pattern {
        "^[a-z0-9-_]+$" => !text.is_empty() && text.bytes().all(slug),
        "usd" => text.contains("usd"),
        picture if picture.starts_with(r"^image\/(") => {
            PICTURES.contains(&text) || text == "image/svg+xml"
        }
        attachment if attachment.starts_with(r"^(image\/(") => {
            PICTURES.contains(&text) || ATTACHMENTS.contains(&text)
        }
        _ => true,
    }
}

const PICTURES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// What may lie with a support case beside pictures.
const ATTACHMENTS: [&str; 10] = [
    "video/mp4",
    "video/quicktime",
    "video/webm",
    "application/pdf",
    "text/csv",
    "text/plain",
    "application/msword",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
];

fn uuid(check: &mut Check, value: &Value, random: bool) -> Option<Value> {
    let Some(text) = value.as_str() else {
        let message = "UUID input should be a string, bytes or UUID object";
        check.flaw("uuid_type", message, value, None);
        return None;
    };
    match Uuid::try_parse(text) {
        Ok(id) if random && id.get_version_num() != 4 => {
            let context = json!({"expected_version": 4});
            check.flaw(
                "uuid_version",
                "UUID version 4 expected",
                value,
                Some(context),
            );
            None
        }
        Ok(id) => Some(id.to_string().into()),
        Err(error) => {
            // Polar counts the odd character from one.
            let odd = text
                .chars()
                .zip(1..)
                .find(|(character, _)| !character.is_ascii_hexdigit() && *character != '-');
            let error = odd.map_or_else(
                || error.to_string(),
                |(odd, at)| format!("invalid character: found `{odd}` at {at}"),
            );
            let message = format!("Input should be a valid UUID, {error}");
            check.flaw(
                "uuid_parsing",
                message,
                value,
                Some(json!({"error": error})),
            );
            None
        }
    }
}

fn uri(check: &mut Check, rule: &StringRule, value: &Value) -> Option<Value> {
    let Some(text) = value.as_str() else {
        check.flaw(
            "url_type",
            "URL input should be a string or URL",
            value,
            None,
        );
        return None;
    };
    if is_too_long(check, rule, text, value) {
        return None;
    }
    let parsed = if text.is_empty() {
        Err("input is empty".to_owned())
    } else {
        Url::parse(text).map_err(|error| error.to_string())
    };
    match parsed {
        Ok(url) if ["http", "https"].contains(&url.scheme()) => {
            // `{CHECKOUT_ID}` is a placeholder, so its braces stay.
            let text = String::from(url).replace("%7B", "{").replace("%7D", "}");
            // Written out in full it may be longer than what was given.
            (!is_too_long(check, rule, &text, value)).then(|| text.into())
        }
        Ok(_) => {
            refuse_scheme(check, "'http' or 'https'", value);
            None
        }
        Err(error) => {
            let message = format!("Input should be a valid URL, {error}");
            check.flaw("url_parsing", message, value, Some(json!({"error": error})));
            None
        }
    }
}

fn is_too_long(check: &mut Check, rule: &StringRule, url: &str, value: &Value) -> bool {
    let length = u64::try_from(url.len()).unwrap_or(u64::MAX);
    let Some(most) = rule.max_length.filter(|most| length > *most) else {
        return false;
    };
    let message = format!("URL should have at most {most} characters");
    check.flaw(
        "url_too_long",
        message,
        value,
        Some(json!({"max_length": most})),
    );
    true
}

/// Says which schemes a URL may have.
pub(super) fn refuse_scheme(check: &mut Check, expected: &str, value: &Value) {
    let message = format!("URL scheme should be {expected}");
    let context = json!({"expected_schemes": expected});
    check.flaw("url_scheme", message, value, Some(context));
}

fn ip(check: &mut Check, value: &Value) -> Option<Value> {
    let address = value
        .as_str()
        .and_then(|text| text.parse::<std::net::IpAddr>().ok());
    if address.is_none() {
        let message = "value is not a valid IPv4 or IPv6 address";
        check.flaw("ip_any_address", message, value, None);
    }
    address.map(|address| address.to_string().into())
}
