//! Why a request never reached the handler, and what its sender is told.

use axum::{
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};

use crate::webhooks::VerifyError;

/// Why a request is no webhook. It says so to us; the sender learns a status and a word.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The body is longer than a body may be.
    #[error("the body is longer than {bytes_max} bytes")]
    TooLarge {
        /// The bound.
        bytes_max: usize,
    },
    /// The body did not arrive.
    #[error("the body did not arrive")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It isn't signed by Polar, or not lately.
    #[error(transparent)]
    Signature(#[from] VerifyError),
}

impl Refused {
    /// 403 for a signature that isn't good, 413 for a body past the bound, 400 for what isn't a
    /// delivery at all.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge { .. } | Self::Signature(VerifyError::BodyTooLarge { .. }) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::Signature(
                VerifyError::MissingHeader { .. } | VerifyError::MalformedHeader { .. },
            )
            | Self::Body(_) => StatusCode::BAD_REQUEST,
            Self::Signature(_) => StatusCode::FORBIDDEN,
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = match self.status() {
            StatusCode::PAYLOAD_TOO_LARGE => r#"{"detail":"Body too large"}"#,
            StatusCode::FORBIDDEN => r#"{"detail":"Invalid webhook signature"}"#,
            _ => r#"{"detail":"Not a webhook"}"#,
        };
        (self.status(), [(CONTENT_TYPE, "application/json")], body).into_response()
    }
}
