//! What the facts say a call may look like, checked as Polar's framework checks it.

mod check;
mod discount;
mod email;
mod json;
mod moment;
mod number;
mod older;
mod parameter;
mod price;
mod receiver;
mod rule;
mod seat;
mod subdivision;
mod tag;
mod text;
mod union;

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use polarkit_spec::{Kind, Operation, Shape};
use serde_json::Value;

use self::check::Check;
use crate::call::{Call, Caller};
use crate::failure::{Failure, Flaw};

/// A call as it came over the wire.
#[derive(Debug)]
pub(crate) struct Sent<'a> {
    pub(crate) path: BTreeMap<String, String>,
    pub(crate) query: &'a str,
    pub(crate) body: &'a Bytes,
    pub(crate) is_json: bool,
}

/// Checks everything that was sent and reports every flaw at once.
pub(crate) fn read(
    operation: &Operation,
    caller: Caller,
    mut sent: Sent<'_>,
    now: Timestamp,
) -> Result<Call, Failure> {
    // Text that is no JSON is noticed before anything else.
    let body = sent_body(operation, &sent)?;
    let mut flaws = Vec::new();
    parameter::path(operation, &mut sent.path, &mut flaws, now);
    let query = parameter::query(operation, sent.query, &mut flaws, now);
    let body = checked_body(operation, body.as_ref(), &mut flaws, now);
    if !flaws.is_empty() {
        return Err(Failure::Malformed(flaws));
    }
    Ok(Call {
        caller,
        path: sent.path,
        query,
        body,
    })
}

/// An organization token speaks for its own organization, so a body that names one is refused.
pub(crate) fn refuse_own_organization(operation: &Operation, call: &Call) -> Result<(), Failure> {
    let named = call.body.get("organization_id").filter(|id| !id.is_null());
    let (Some(named), Caller::Organization(_)) = (named, &call.caller) else {
        return Ok(());
    };
    if requires(operation, "organization_id") {
        return Ok(());
    }
    Err(Failure::refused(Flaw::body(
        "organization_token",
        [Value::from("organization_id")],
        "Setting organization_id is disallowed when using an organization token.",
        named.clone(),
    )))
}

/// The value as `shape` has it, checked at a place in the body; or all that is wrong with it, in the words
/// that Polar uses for rules of its own.
pub(crate) fn fit(
    shape: &Shape,
    value: &Value,
    place: &'static str,
    now: Timestamp,
) -> Result<Value, Vec<Flaw>> {
    let mut check = Check::new(now, "body");
    let read = check.at(place, |check| check.value(shape, value));
    if !check.flaws.is_empty() {
        for flaw in &mut check.flaws {
            flaw.context = None;
        }
        return Err(check.flaws);
    }
    Ok(read.unwrap_or_default())
}

/// A path without its escapes.
pub(crate) fn decode_path(path: &str) -> String {
    parameter::decode(path, false)
}

/// True when the body must have `field`: it is then the operation's own, not the owner's name.
fn requires(operation: &Operation, field: &str) -> bool {
    let shape = operation.body.as_ref().map(|body| &body.shape);
    let shape = shape.and_then(|shape| polarkit_spec::facts().resolve(shape));
    match shape.map(|shape| &shape.kind) {
        Some(Kind::Object(object)) => object.field(field).is_some_and(|field| field.required),
        _ => false,
    }
}

/// The body as JSON; a body that does not say it is JSON is one long text.
fn sent_body(operation: &Operation, sent: &Sent<'_>) -> Result<Option<Value>, Failure> {
    if operation.body.is_none() || sent.body.is_empty() {
        return Ok(None);
    }
    if !sent.is_json {
        return Ok(Some(String::from_utf8_lossy(sent.body).into()));
    }
    if std::str::from_utf8(sent.body).is_err() {
        return Err(Failure::Unreadable);
    }
    // A body of `null` counts as none.
    json::parse(sent.body)
        .map(|body| Some(body).filter(|body| !body.is_null()))
        .map_err(|flaw| Failure::Malformed(vec![*flaw]))
}

fn checked_body(
    operation: &Operation,
    body: Option<&Value>,
    flaws: &mut Vec<Flaw>,
    now: Timestamp,
) -> Value {
    let (Some(described), Some(body)) = (&operation.body, body) else {
        if operation.body.as_ref().is_some_and(|body| body.required) {
            flaws.push(Flaw::body("missing", [], "Field required", Value::Null));
        }
        return Value::Null;
    };
    if described.content_type != "application/json" {
        return body.clone();
    }
    let mut check = Check::new(now, "body");
    let read = check.value(&described.shape, body);
    flaws.append(&mut check.flaws);
    read.unwrap_or_default()
}
