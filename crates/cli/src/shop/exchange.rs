//! What goes over the wire between the shop's page and its server: JSON, and refusals a person can read.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// A JSON body. Only JSON: a form of another site cannot send it without the browser asking us first.
#[derive(Debug)]
pub(super) struct Asked<T>(pub(super) T);

/// A JSON answer.
#[derive(Debug)]
pub(super) struct Answer<T>(pub(super) T);

/// Why the shop cannot do it, in words for its customer.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    detail: String,
}

impl Refusal {
    /// The page sent something that makes no sense.
    pub(super) fn unclear(detail: impl Into<String>) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self {
            status,
            detail: detail.into(),
        }
    }

    /// The gateway or the sandbox did not do what was asked. The cause goes to the log.
    pub(super) fn upstream(who: &str, cause: &dyn std::fmt::Display) -> Self {
        tracing::warn!(%cause, "{who} refused the shop");
        let detail = format!("{who} did not answer as it should; the log says why.");
        Self {
            status: StatusCode::BAD_GATEWAY,
            detail,
        }
    }

    pub(super) const fn status(&self) -> StatusCode {
        self.status
    }

    /// The gateway's own words, meant for people.
    pub(super) fn said(status: StatusCode, detail: String) -> Self {
        Self { status, detail }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request(req: Request, state: &S) -> Result<Self, Refusal> {
        let kind = req.headers().get(CONTENT_TYPE);
        if kind.is_none_or(|kind| kind != "application/json") {
            return Err(Refusal::unclear("Send JSON."));
        }
        // axum reads at most 2 MB.
        let body = Bytes::from_request(req, state)
            .await
            .map_err(|error| Refusal::unclear(error.to_string()))?;
        serde_json::from_slice(&body)
            .map(Self)
            .map_err(|error| Refusal::unclear(error.to_string()))
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        json_response(StatusCode::OK, &self.0)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        json_response(self.status, &json!({ "detail": self.detail }))
    }
}

fn json_response(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(text) => (status, [(CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer of the shop could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
