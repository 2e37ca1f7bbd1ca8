//! `PUT /files/uploads/{upload}/{number}`: one part of a file, answered and refused as S3 does.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG};
use http::{HeaderMap, StatusCode};

use crate::engine::Engine;
use crate::resource::file::{self, Refusal, Summed};

/// The most one part may weigh.
pub(super) const PART_BYTES_MAX: usize = 100 * 1024 * 1024;

pub(super) async fn part(
    State(engine): State<Arc<Engine>>,
    Path((upload, number)): Path<(String, i64)>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    let checksum = headers.get("x-amz-checksum-sha256");
    let checksum = checksum.and_then(|value| value.to_str().ok());
    let summed = Summed::from(bytes);
    let taken = engine.change(|world| file::take(world, &upload, number, summed, checksum));
    match taken {
        Ok(etag) => [(ETAG, etag)].into_response(),
        Err(Refusal::NoSuchUpload) => {
            let words = "The specified upload does not exist, or has no such part";
            refused(StatusCode::NOT_FOUND, "NoSuchUpload", words)
        }
        Err(Refusal::Expired) => {
            refused(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired")
        }
        Err(Refusal::BadDigest) => {
            let words = "The SHA-256 you specified did not match what we received";
            refused(StatusCode::BAD_REQUEST, "BadDigest", words)
        }
        Err(Refusal::TooLarge) => {
            let words = "The sandbox has no room for a file of this size";
            refused(StatusCode::BAD_REQUEST, "EntityTooLarge", words)
        }
    }
}

/// A refusal in S3's form.
pub(super) fn refused(status: StatusCode, code: &str, words: &str) -> Response {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Error><Code>{code}</Code><Message>{words}</Message></Error>"
    );
    (status, [(CONTENT_TYPE, "application/xml")], body).into_response()
}
