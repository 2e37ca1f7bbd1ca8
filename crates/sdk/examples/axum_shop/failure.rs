//! What a caller is told when it did not work.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use polarkit::Kind;
use serde_json::json;

/// A status and our own words. What Polar said goes to the log.
pub(crate) struct Failure(pub(crate) StatusCode, pub(crate) &'static str);

impl From<polarkit::Error> for Failure {
    fn from(error: polarkit::Error) -> Self {
        tracing::warn!(%error, "Polar said no");
        match error.kind() {
            Kind::NotFound => Self(StatusCode::NOT_FOUND, "Not found"),
            Kind::Validation => Self(StatusCode::BAD_REQUEST, "Polar does not take this"),
            Kind::RateLimit | Kind::Network => {
                Self(StatusCode::SERVICE_UNAVAILABLE, "Try again in a while")
            }
            _ => Self(StatusCode::BAD_GATEWAY, "Something is wrong with us"),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"detail": self.1}))).into_response()
    }
}
