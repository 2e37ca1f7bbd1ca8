//! Why a request never reached the handler, and what its sender is told.

use actix_web::{HttpResponse, ResponseError, error::PayloadError, http::StatusCode};
use polarkit::webhooks::VerifyError;

/// Why a request is no webhook.
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
    Signature(VerifyError),
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotConfigured => StatusCode::INTERNAL_SERVER_ERROR,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(_) => StatusCode::BAD_REQUEST,
            Self::Signature(error) => {
                StatusCode::from_u16(error.status()).unwrap_or(StatusCode::FORBIDDEN)
            }
        }
    }

    /// A status is enough for a stranger.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
