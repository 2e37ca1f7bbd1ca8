//! Addresses that carry bytes instead of JSON: the documents of orders, and the files of sellers. Whoever
//! knows one may use it, as with Polar's signed addresses.

mod document;
mod download;
mod upload;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, put};

use crate::engine::Engine;

/// Everything under `/files`, and where downloads of the portal lead to.
pub(crate) fn router() -> Router<Arc<Engine>> {
    Router::new()
        .route("/files/{order}/{name}", get(document::answer))
        .route("/files/downloads/{file}", get(download::signed))
        .route("/files/public/{*path}", get(download::public))
        .route(
            "/v1/customer-portal/downloadables/{token}",
            get(download::of_portal),
        )
        .route("/files/uploads/{upload}/{number}", put(upload::part))
        .layer(DefaultBodyLimit::max(upload::PART_BYTES_MAX))
}
