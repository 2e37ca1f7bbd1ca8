//! Bytes of a seller's file: to buyers by an address that is good for an hour, to everybody if it is public.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{
    CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, LOCATION,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded;

use super::upload::refused;
use crate::engine::Engine;
use crate::face;
use crate::resource::downloadable;
use crate::resource::file::{self, File, address};
use crate::world::World;

/// `GET /files/downloads/{file}?expires=…&signature=…`
pub(super) async fn signed(
    State(engine): State<Arc<Engine>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let asked = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        Some(pairs.find(|(key, _)| key == name)?.1)
    };
    let found = engine.read(|world| {
        let seconds = asked("expires")?.parse().ok()?;
        let file = address::downloaded(world, &id, seconds, &asked("signature")?)?;
        Some(carried(world, file))
    });
    let Some(carried) = found else {
        return refused(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied");
    };
    let disposition = attachment(&carried.name);
    let mut response = carried.into_response();
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        let headers = response.headers_mut();
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    response
}

/// `GET /files/public/{path}`
pub(super) async fn public(
    State(engine): State<Arc<Engine>>,
    Path(path): Path<String>,
) -> Response {
    let found = engine.read(|world| {
        let file = address::public(world, &path)?;
        Some(carried(world, file))
    });
    match found {
        Some(carried) => carried.into_response(),
        None => refused(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied"),
    }
}

/// `GET /v1/customer-portal/downloadables/{token}`: counts, and leads to the bytes.
pub(super) async fn of_portal(
    State(engine): State<Arc<Engine>>,
    Path(token): Path<String>,
) -> Response {
    match engine.change(|world| downloadable::fetch(world, &token)) {
        Ok(url) => (StatusCode::FOUND, [(LOCATION, url)]).into_response(),
        Err(failure) => face::failure(failure),
    }
}

/// A file on its way.
struct Carried {
    name: String,
    mime_type: String,
    etag: Option<String>,
    bytes: Bytes,
}

fn carried(world: &World, file: &File) -> Carried {
    Carried {
        name: file.name.clone(),
        mime_type: file.mime_type.clone(),
        etag: file.stored.as_ref().map(|stored| stored.etag.clone()),
        bytes: file::bytes(world, file),
    }
}

impl IntoResponse for Carried {
    /// What sellers upload is shown as what they call it, and runs nothing: it has the origin of the
    /// sandbox's own pages.
    fn into_response(self) -> Response {
        let mut response = self.bytes.into_response();
        let headers = response.headers_mut();
        let unknown = HeaderValue::from_static("application/octet-stream");
        let media = HeaderValue::from_str(&self.mime_type).unwrap_or(unknown);
        headers.insert(CONTENT_TYPE, media);
        let etag = self.etag.and_then(|etag| HeaderValue::from_str(&etag).ok());
        headers.extend(etag.map(|etag| (ETAG, etag)));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let policy = HeaderValue::from_static("default-src 'none'; sandbox");
        headers.insert(CONTENT_SECURITY_POLICY, policy);
        response
    }
}

/// Saved under its name, in whatever alphabet (RFC 6266).
fn attachment(name: &str) -> String {
    let plain = |one: char| one.is_ascii_graphic() && !['"', '\\'].contains(&one) || one == ' ';
    let ascii: String = name
        .chars()
        .map(|one| if plain(one) { one } else { '_' })
        .collect();
    let encoded = utf8_percent_encode(name, NON_ALPHANUMERIC);
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}
