//! Replies and failures as HTTP answers, each with the body and headers Polar gives it.

use axum::body::Body;
use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION, PRAGMA, WWW_AUTHENTICATE,
};
use http::{HeaderValue, StatusCode};
use polarkit_spec::Operation;
use serde_json::{Value, json};

use super::stream;
use crate::engine::Engine;
use crate::failure::{Failure, Flaw};
use crate::render::Json;
use crate::reply::Reply;

const INVALID_TOKEN: &str =
    "The access token provided is expired, revoked, malformed, or invalid for other reasons.";
const INSUFFICIENT_SCOPE: &str =
    "The request requires higher privileges than provided by the access token.";

/// A success of `operation`.
pub(crate) fn reply(engine: &Engine, operation: &Operation, reply: Reply) -> Response {
    match reply {
        Reply::Json(body) => text(operation.success.status, body),
        Reply::Empty => bare(operation.success.status),
        Reply::Redirect(address) => redirect(&address),
        Reply::Watch(checkout) => stream::open(engine, checkout),
        Reply::File {
            media_type,
            name,
            bytes,
        } => file(media_type, &name, bytes),
    }
}

/// A refusal.
pub(crate) fn failure(failure: Failure) -> Response {
    match failure {
        Failure::Named {
            status,
            error,
            detail,
        } => json(status, &json!({"error": error, "detail": detail})),
        Failure::Malformed(flaws) => flawed("RequestValidationError", flaws),
        Failure::Refused(flaws) => flawed("PolarRequestValidationError", flaws),
        Failure::InvalidToken => {
            let challenge = challenge(None, "invalid_token", INVALID_TOKEN);
            oauth(401, "invalid_token", INVALID_TOKEN, &challenge)
        }
        Failure::Unauthorized => {
            let body = json!({"error": "Unauthorized", "detail": "Unauthorized"});
            let mut response = json(401, &body);
            set(&mut response, WWW_AUTHENTICATE, "Bearer realm=\"polar\"");
            response
        }
        Failure::InsufficientScope { accepted } => {
            let scopes = accepted.join(" ");
            let challenge = challenge(Some(&scopes), "insufficient_scope", INSUFFICIENT_SCOPE);
            oauth(403, "insufficient_scope", INSUFFICIENT_SCOPE, &challenge)
        }
        Failure::Shaped { status, body } => json(status, &body),
        Failure::Unreadable => framework(400, "There was an error parsing the body"),
        Failure::Broken => {
            let mut response = bare(500);
            *response.body_mut() = Body::from("Internal Server Error");
            set(&mut response, CONTENT_TYPE, "text/plain; charset=utf-8");
            response
        }
    }
}

/// What the framework underneath Polar says by itself: `{"detail": …}` alone.
pub(crate) fn framework(status: u16, detail: &str) -> Response {
    json(status, &json!({"detail": detail}))
}

/// A JSON body.
pub(crate) fn json(status: u16, body: &Value) -> Response {
    text(status, body.clone().into())
}

fn text(status: u16, body: Json) -> Response {
    let mut response = bare(status);
    *response.body_mut() = Body::from(body.into_bytes());
    set(&mut response, CONTENT_TYPE, "application/json");
    response
}

/// 307 to `address`.
pub(crate) fn redirect(address: &str) -> Response {
    let mut response = bare(307);
    set(&mut response, LOCATION, address);
    response
}

/// No body.
pub(crate) fn bare(status: u16) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// Sets a header; a value HTTP cannot carry is left out.
pub(crate) fn set(response: &mut Response, name: http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn file(media_type: &str, name: &str, bytes: Vec<u8>) -> Response {
    let mut response = bare(200);
    *response.body_mut() = Body::from(bytes);
    set(&mut response, CONTENT_TYPE, media_type);
    let disposition = format!("attachment; filename={name}");
    set(&mut response, CONTENT_DISPOSITION, &disposition);
    response
}

fn flawed(error: &str, flaws: Vec<Flaw>) -> Response {
    let detail: Vec<Value> = flaws.into_iter().map(flaw).collect();
    json(422, &json!({"error": error, "detail": detail}))
}

fn flaw(flaw: Flaw) -> Value {
    let mut entry = json!({
        "type": flaw.kind, "loc": flaw.at, "msg": flaw.message, "input": flaw.input,
    });
    if let (Some(context), Some(entry)) = (flaw.context, entry.as_object_mut()) {
        entry.insert("ctx".to_owned(), context);
    }
    entry
}

fn oauth(status: u16, error: &str, description: &str, challenge: &str) -> Response {
    let body = json!({"error": error, "error_description": description});
    let mut response = json(status, &body);
    set(&mut response, CACHE_CONTROL, "no-store");
    set(&mut response, PRAGMA, "no-cache");
    set(&mut response, WWW_AUTHENTICATE, challenge);
    response
}

fn challenge(scopes: Option<&str>, error: &str, description: &str) -> String {
    let scope = scopes
        .map(|s| format!("scope=\"{s}\", "))
        .unwrap_or_default();
    format!("Bearer realm=\"polar\", {scope}error=\"{error}\", error_description=\"{description}\"")
}
