//! What the facts say a call may look like, checked as Polar's framework checks it.

mod parameter;

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use polarkit_spec::{Kind, Operation};
use serde_json::{Value, json};

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
    sent: Sent<'_>,
    _now: Timestamp,
) -> Result<Call, Failure> {
    let mut flaws = Vec::new();
    parameter::path(operation, &sent.path, &mut flaws);
    let query = parameter::query(operation, sent.query, &mut flaws);
    let body = body(operation, &sent, &mut flaws);
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

fn body(operation: &Operation, sent: &Sent<'_>, flaws: &mut Vec<Flaw>) -> Value {
    if operation.body.is_none() || sent.body.is_empty() {
        if operation.body.as_ref().is_some_and(|body| body.required) {
            flaws.push(Flaw::body("missing", [], "Field required", Value::Null));
        }
        return Value::Null;
    }
    match serde_json::from_slice(sent.body) {
        Ok(body) => body,
        Err(error) => {
            let context = json!({"error": error.to_string()});
            let mut flaw = Flaw::body(
                "json_invalid",
                [Value::from(error.column())],
                "JSON decode error",
                json!({}),
            );
            flaw.context = Some(context);
            flaws.push(flaw);
            Value::Null
        }
    }
}
