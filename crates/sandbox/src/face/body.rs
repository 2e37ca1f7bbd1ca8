//! Request bodies: how large they may be, and how they are read.

use axum::body::Body;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, Method};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::failure::Failure;

/// The most a body may weigh.
pub(crate) const LIMIT_BYTES: usize = 10 * 1024 * 1024;

/// Refuses a body by its declared length, before anything else is looked at.
pub(crate) fn check_length(method: &Method, headers: &HeaderMap) -> Result<(), Failure> {
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    match declared {
        Some(length) if length > LIMIT_BYTES => Err(too_large()),
        // No length and no transfer coding is a request without a body (RFC 9112, 6.3).
        None if writes(method) && headers.contains_key(TRANSFER_ENCODING) => Err(Failure::named(
            411,
            "LengthRequired",
            "A Content-Length header is required.",
        )),
        Some(_) | None => Ok(()),
    }
}

/// The whole body.
pub(crate) async fn read(body: Body) -> Result<Bytes, Failure> {
    match Limited::new(body, LIMIT_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(error) => Err(Failure::named(400, "ClientDisconnected", error.to_string())),
    }
}

/// True when the body says it is JSON. Without that word it is taken for text.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let media = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media = media
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    let media = media.trim().to_ascii_lowercase();
    media == "application/json" || (media.starts_with("application/") && media.ends_with("+json"))
}

fn writes(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
}

fn too_large() -> Failure {
    let detail = format!("The request body may not be larger than {LIMIT_BYTES} bytes.");
    Failure::named(413, "RequestBodyTooLarge", detail)
}
