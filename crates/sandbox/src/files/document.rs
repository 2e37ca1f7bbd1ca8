//! `GET /files/{order}/{name}`: invoices and receipts.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

use crate::engine::Engine;
use crate::face;
use crate::resource::order;

pub(super) async fn answer(
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
