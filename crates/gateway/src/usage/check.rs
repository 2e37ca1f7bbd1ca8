//! Polar's own rules for an event, kept at the door: what Polar would refuse is told to whoever can
//! mend it, and does not hold up what comes after it.

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Use;
use super::meter::decimal;

/// Polar's limits.
pub(super) const NAME_CHARS_MAX: usize = 128;
const KEYS_MAX: usize = 50;
const KEY_CHARS_MAX: usize = 40;
const TEXT_CHARS_MAX: usize = 500;
/// Of a cost in cents.
const COST_DECIMALS_MAX: u32 = 12;
const COST_BELOW: i64 = 100_000;
/// Ids have no limit of Polar's; an index has.
const ID_CHARS_MAX: usize = 255;
/// An event's metadata as JSON. A prompt may be of any length for Polar; what waits here may not.
const METADATA_BYTES_MAX: usize = 65_536;
/// Clocks of the application and of Polar may differ by this much.
const FUTURE_MAX: SignedDuration = SignedDuration::from_secs(60);

/// What is wrong with an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = UsageRefusal)]
pub(crate) struct Wrong {
    /// Which field.
    pub(crate) field: String,
    /// What is to be done about it.
    pub(crate) detail: String,
}

impl Wrong {
    pub(crate) fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            detail: detail.into(),
        }
    }
}

/// Whether Polar would take it, but for what only Polar knows.
pub(super) fn check(one: &Use, now: Timestamp) -> Result<(), Wrong> {
    text("name", Some(&one.name), NAME_CHARS_MAX)?;
    customer(one)?;
    text("id", one.id.as_deref(), ID_CHARS_MAX)?;
    text("parent_id", one.parent_id.as_deref(), ID_CHARS_MAX)?;
    let ahead = |timestamp: Timestamp| timestamp.duration_since(now) > FUTURE_MAX;
    if one.timestamp.is_some_and(ahead) {
        return Err(Wrong::new(
            "timestamp",
            "is in the future: leave it out for now",
        ));
    }
    one.metadata.as_ref().map_or(Ok(()), metadata)
}

/// Exactly one customer, and a member named the same way.
fn customer(one: &Use) -> Result<(), Wrong> {
    let external = one.external_customer_id.as_deref();
    let (member, external_member) = (one.member_id, one.external_member_id.as_deref());
    match (external, one.customer_id) {
        (Some(_), Some(_)) => Err(Wrong::new(
            "customer_id",
            "give either it or external_customer_id, not both",
        )),
        (None, None) => Err(Wrong::new(
            "external_customer_id",
            "is missing: the application's id of the customer, or Polar's as customer_id",
        )),
        (Some(_), None) if member.is_some() => Err(Wrong::new(
            "member_id",
            "goes with customer_id: give external_member_id",
        )),
        (None, Some(_)) if external_member.is_some() => Err(Wrong::new(
            "external_member_id",
            "goes with external_customer_id: give member_id",
        )),
        _ => {
            text("external_customer_id", external, ID_CHARS_MAX)?;
            text("external_member_id", external_member, ID_CHARS_MAX)
        }
    }
}

fn text(field: &str, text: Option<&str>, chars_max: usize) -> Result<(), Wrong> {
    let Some(text) = text else {
        return Ok(());
    };
    if text.trim().is_empty() || text.chars().nth(chars_max).is_some() {
        return Err(Wrong::new(field, format!("1 to {chars_max} characters")));
    }
    no_nul(field, text)
}

/// Neither Polar's database nor PostgreSQL here can hold it.
fn no_nul(field: &str, text: &str) -> Result<(), Wrong> {
    if text.contains('\0') {
        return Err(Wrong::new(field, "must not hold the character NUL"));
    }
    Ok(())
}

fn metadata(metadata: &Map<String, Value>) -> Result<(), Wrong> {
    if metadata.len() > KEYS_MAX {
        return Err(Wrong::new("metadata", "at most 50 keys"));
    }
    let mut bytes = 0_usize;
    for (key, value) in metadata {
        if key.is_empty() || key.chars().nth(KEY_CHARS_MAX).is_some() {
            return Err(Wrong::new("metadata", "keys of 1 to 40 characters"));
        }
        no_nul("metadata", key)?;
        bytes += key.len();
        bytes += match (key.as_str(), value) {
            ("_cost", value) => cost(value)?,
            ("_llm", value) => llm(value)?,
            (key, value) => plain(key, value)?,
        };
    }
    if bytes > METADATA_BYTES_MAX {
        return Err(Wrong::new("metadata", "at most 64 KiB"));
    }
    Ok(())
}

/// Says how long the value is.
fn plain(key: &str, value: &Value) -> Result<usize, Wrong> {
    let field = || format!("metadata.{key}");
    match value {
        Value::String(value) => {
            text(&field(), Some(value), TEXT_CHARS_MAX)?;
            Ok(value.len())
        }
        Value::Number(_) | Value::Bool(_) => Ok(8),
        Value::Null => Err(Wrong::new(field(), "must not be null: leave the key out")),
        Value::Array(_) | Value::Object(_) => Err(Wrong::new(
            field(),
            "a text, a number or a boolean; nothing nested but _cost and _llm",
        )),
    }
}

/// What the event cost, in cents.
fn cost(value: &Value) -> Result<usize, Wrong> {
    let amount = match value.get("amount") {
        Some(Value::Number(number)) => decimal(number),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    let fits = |amount: &Decimal| {
        amount.trunc().abs() < Decimal::from(COST_BELOW)
            && amount.normalize().scale() <= COST_DECIMALS_MAX
    };
    if !amount.as_ref().is_some_and(fits) {
        let detail = "cents as a number or a text: at most 5 digits and 12 decimals";
        return Err(Wrong::new("metadata._cost.amount", detail));
    }
    if value.get("currency").and_then(Value::as_str) != Some("usd") {
        return Err(Wrong::new("metadata._cost.currency", "must be usd"));
    }
    Ok(64)
}

/// What a language model was asked; says how long it is.
fn llm(value: &Value) -> Result<usize, Wrong> {
    let wrong = |name: &str, detail| Wrong::new(format!("metadata._llm.{name}"), detail);
    let mut bytes = 0;
    for (name, needed) in [
        ("vendor", true),
        ("model", true),
        ("prompt", false),
        ("response", false),
    ] {
        match value.get(name) {
            Some(Value::String(text)) => {
                no_nul("metadata._llm", text)?;
                bytes += text.len();
            }
            None | Some(Value::Null) if !needed => {}
            _ => return Err(wrong(name, "must be a text")),
        }
    }
    for (name, needed) in [
        ("input_tokens", true),
        ("cached_input_tokens", false),
        ("output_tokens", true),
        ("total_tokens", true),
    ] {
        match value.get(name) {
            Some(Value::Number(number)) if !number.is_f64() => {}
            None if !needed => {}
            _ => return Err(wrong(name, "must be a whole number")),
        }
    }
    Ok(bytes)
}
