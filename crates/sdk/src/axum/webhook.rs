//! The extractor: headers first, then raw bytes up to a bound, then the signature, then the event.

use axum::{
    body::{Bytes, HttpBody as _},
    extract::{FromRef, FromRequest, Request},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::Refused;
use crate::webhooks::{Headers, Webhook, WebhookConfig};

impl<S> FromRequest<S> for Webhook
where
    S: Send + Sync,
    WebhookConfig: FromRef<S>,
{
    type Rejection = Refused;

    async fn from_request(req: Request, state: &S) -> Result<Self, Refused> {
        let config = WebhookConfig::from_ref(state);
        let (head, body) = req.into_parts();
        let headers = Headers::from_pairs(&head.headers)?;
        headers.well_formed()?; // who can't write those gets no megabyte read
        let bytes = read(body, config.bytes_max()).await?;
        Ok(config.receive(&headers, bytes)?)
    }
}

/// Nothing is read of a body that declares itself too long; of one that lies, no more than the
/// bound.
async fn read(body: axum::body::Body, bytes_max: usize) -> Result<Bytes, Refused> {
    let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if declared > bytes_max {
        return Err(Refused::TooLarge { bytes_max });
    }
    match Limited::new(body, bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refused::TooLarge { bytes_max }),
        Err(error) => Err(Refused::Body(error)),
    }
}
