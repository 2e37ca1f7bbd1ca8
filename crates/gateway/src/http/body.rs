//! JSON in, JSON out; what is wrong with a body is told by field.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::problem::{Code, Problem};

/// A JSON body, read as `T`.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

/// The query string, read as `T`.
#[derive(Debug)]
pub(crate) struct Search<T>(pub(crate) T);

/// A JSON answer.
#[derive(Debug)]
pub(crate) struct Reply<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(req: Request, state: &S) -> Result<Self, Problem> {
        must_be_json(req.headers())?;
        parse(&whole(req, state).await?).map(Self)
    }
}

/// The whole body, within the route's bound.
pub(super) async fn whole<S: Send + Sync>(req: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(req, state).await.map_err(|refused| {
        if refused.into_response().status() == http::StatusCode::PAYLOAD_TOO_LARGE {
            Problem::new(Code::TooLarge, "The body is larger than this route takes")
        } else {
            Problem::invalid("The body could not be read")
        }
    })
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Search<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        #[expect(
            clippy::disallowed_types,
            reason = "the one place that turns its errors into ours"
        )]
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        let wrong = |_cause| Problem::invalid("The query string is not valid");
        query.map(|query| Self(query.0)).map_err(wrong)
    }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => json(bytes),
            Err(error) => Problem::internal(&error).into_response(),
        }
    }
}

/// An answer that is JSON already.
pub(crate) fn json(bytes: impl Into<Bytes>) -> Response {
    let mut response = bytes.into().into_response();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// Reads JSON as `T`; the message names the field, in words that are ours.
pub(crate) fn parse<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        if !error.inner().is_data() {
            return Problem::invalid("The body is not valid JSON");
        }
        misread(error.path(), error.inner())
    })?;
    match deserializer.end() {
        Ok(()) => Ok(value),
        Err(_more) => Err(Problem::invalid("The body is not valid JSON")),
    }
}

/// What is wrong with a body that is JSON, by field.
fn misread(path: &serde_path_to_error::Path, error: &serde_json::Error) -> Problem {
    match misread_field(path, error) {
        (field, what) if field.is_empty() && what == OBJECT => {
            Problem::invalid("The body must be a JSON object")
        }
        (field, what) if field.is_empty() => Problem::invalid(what),
        (field, what) => Problem::invalid(format!("{field}: {what}")),
    }
}

const OBJECT: &str = "must be an object";

/// Which field of JSON is wrong, none for all of it, and what is. Serde's words name our own types;
/// those stay here.
pub(super) fn misread_field(
    path: &serde_path_to_error::Path,
    error: &serde_json::Error,
) -> (String, String) {
    let what = error.to_string();
    let what = what.split(" at line ").next().unwrap_or_default();
    let what = if what.contains(" struct ") {
        OBJECT
    } else {
        what
    };
    let field = path.to_string();
    let field = if field == "." { String::new() } else { field };
    (field, what.to_owned())
}

/// A page of another origin can send `text/plain` without asking first; JSON it can't.
pub(super) fn must_be_json(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(given) = headers.get(CONTENT_TYPE) else {
        return Ok(());
    };
    let essence = given
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    if essence == "application/json" || essence.ends_with("+json") {
        return Ok(());
    }
    Err(Problem::new(
        Code::UnsupportedMediaType,
        "Send the body as application/json",
    ))
}
