//! Documents at addresses of their own. Whoever knows one may read it, as with Polar's signed addresses.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

use crate::engine::Engine;
use crate::face;
use crate::resource::order;

/// `GET /files/{order}/{name}`
pub(crate) fn router() -> Router<Arc<Engine>> {
    Router::new().route("/files/{order}/{name}", get(answer))
}

async fn answer(
    State(engine): State<Arc<Engine>>,
    Path((order, name)): Path<(String, String)>,
) -> Response {
    let found = engine.read(|world| order::document(world, &order, &name));
    let Some(bytes) = found else {
        return face::framework(404, "Not Found");
    };
    let headers = [
        (CONTENT_TYPE, "application/pdf".to_owned()),
        (CONTENT_DISPOSITION, format!("inline; filename=\"{name}\"")),
    ];
    (headers, bytes).into_response()
}
