//! Why a request never reached the handler, and what its sender is told.

use actix_web::{
    HttpResponse, ResponseError,
    error::PayloadError,
    http::{StatusCode, header::ContentType},
};
use polarkit::webhooks::VerifyError;

/// Why a request is no webhook. It says so to us; the sender learns a status and a word.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The app was not given a `WebhookConfig`.
    #[error("the app has no WebhookConfig: add one with app_data")]
    NotConfigured,
    /// The body is longer than a body may be.
    #[error("the body is longer than {bytes_max} bytes")]
    TooLarge {
        /// The bound.
        bytes_max: usize,
    },
    /// The body did not arrive.
    #[error("the body did not arrive")]
    Body(#[source] PayloadError),
    /// It isn't signed by Polar, or not lately.
    #[error(transparent)]
    Signature(#[from] VerifyError),
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotConfigured => StatusCode::INTERNAL_SERVER_ERROR,
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

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let body = match status {
            StatusCode::INTERNAL_SERVER_ERROR => r#"{"detail":"Webhook processing failed"}"#,
            StatusCode::PAYLOAD_TOO_LARGE => r#"{"detail":"Body too large"}"#,
            StatusCode::FORBIDDEN => r#"{"detail":"Invalid webhook signature"}"#,
            _ => r#"{"detail":"Not a webhook"}"#,
        };
        HttpResponse::build(status)
            .content_type(ContentType::json())
            .body(body)
    }
}
