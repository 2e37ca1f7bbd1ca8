//! The extractor: raw bytes, then the signature, then the event.

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    web::{Bytes, BytesMut},
};
use futures_util::StreamExt as _;
use polarkit::webhooks::{self, Delivery, Headers, ParseError, Verified};

use crate::{config::WebhookConfig, refused::Refused};

/// A delivery that is genuine. A handler that takes one is called for nothing else.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its id, by which a repetition is known, and how it was verified.
    pub verified: Verified,
    /// What it says. Where that could not be read, `body` still has it: refusing a genuine
    /// delivery makes Polar try again, in vain, and then disable the endpoint.
    pub delivery: Result<Delivery, ParseError>,
    /// The bytes that were signed.
    pub body: Bytes,
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
    let headers = Headers::from_pairs(request.headers()).map_err(Refused::Signature)?;
    headers.well_formed().map_err(Refused::Signature)?;
    let body = read_body(payload, config.body_bytes_max).await?;
    let verified = webhooks::verify(&config.secrets, &headers, &body, config.clock.now())
        .map_err(Refused::Signature)?;
    let delivery = webhooks::parse(body.clone());
    Ok(Webhook {
        verified,
        delivery,
        body,
    })
}

async fn read_body(mut payload: Payload, bytes_max: usize) -> Result<Bytes, Refused> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(Refused::Body)?;
        if body.len() + chunk.len() > bytes_max {
            return Err(Refused::TooLarge { bytes_max });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
