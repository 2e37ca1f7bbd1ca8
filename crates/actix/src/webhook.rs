//! The extractor: headers first, then raw bytes up to a bound, then the signature, then the event.

use std::{future::Future, ops::Deref, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::CONTENT_LENGTH,
    web::{Bytes, BytesMut},
};
use futures_util::StreamExt as _;
use polarkit::webhooks::{self, Headers, WebhookConfig};

use crate::refused::Refused;

/// A delivery that is genuine. A handler that takes one is called for nothing else.
#[derive(Debug, Clone)]
pub struct Webhook(pub webhooks::Webhook);

impl Deref for Webhook {
    type Target = webhooks::Webhook;

    fn deref(&self) -> &webhooks::Webhook {
        &self.0
    }
}

impl FromRequest for Webhook {
    type Error = Refused;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Refused>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = req.clone();
        let payload = payload.take();
        Box::pin(async move { receive(&request, payload).await })
    }
}

async fn receive(request: &HttpRequest, payload: Payload) -> Result<Webhook, Refused> {
    let config = request
        .app_data::<WebhookConfig>()
        .ok_or(Refused::NotConfigured)?;
    let headers = Headers::from_pairs(request.headers())?;
    headers.well_formed()?; // who can't write those gets no megabyte read
    let body = read(request, payload, config.bytes_max()).await?;
    Ok(Webhook(config.receive(&headers, body)?))
}

/// Nothing is read of a body that declares itself too long; of one that lies, no more than the
/// bound.
async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    bytes_max: usize,
) -> Result<Bytes, Refused> {
    if declared(request).is_some_and(|length| length > bytes_max) {
        return Err(Refused::TooLarge { bytes_max });
    }
    let mut body = BytesMut::new();
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(Refused::Body)?;
        if body.len() + piece.len() > bytes_max {
            return Err(Refused::TooLarge { bytes_max });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

fn declared(request: &HttpRequest) -> Option<usize> {
    let length = request.headers().get(CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}
