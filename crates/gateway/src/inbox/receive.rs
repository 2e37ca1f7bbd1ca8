//! From raw bytes to a durable row: who signed them, how fresh they are, and the one insert.

use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use polarkit::Secret;
use polarkit::webhooks::{Headers, Scheme, TOLERANCE, Verified, VerifyError, verify};
use polarkit_store::{Mail, Receipt};
use secrecy::{ExposeSecret as _, SecretString};

use super::Glance;
use crate::gateway::Gateway;

/// Longest header worth reading; Polar's are far shorter.
const HEADER_BYTES_MAX: usize = 2_048;

/// Every secret a delivery may be signed with.
#[derive(Debug)]
pub(crate) struct Secrets(Vec<Secret>);

impl Secrets {
    pub(crate) fn new(secrets: &[SecretString]) -> Self {
        Self(
            secrets
                .iter()
                .map(|secret| secret.expose_secret().into())
                .collect(),
        )
    }
}

/// Why a delivery was not taken.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// This header is missing or malformed.
    Headers(&'static str),
    /// No key fits, or the time does not.
    Signature,
    /// It cannot be stored now.
    Store(polarkit_store::Error),
}

/// A delivery's headers, looked at before its body is read.
#[derive(Debug)]
pub(crate) struct Stamped(HeaderMap);

impl Stamped {
    pub(crate) fn read(headers: HeaderMap) -> Result<Self, Refusal> {
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            let value = headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default();
            if value.trim().is_empty() || value.len() > HEADER_BYTES_MAX {
                return Err(Refusal::Headers(name));
            }
        }
        let stamped = Self(headers);
        let seconds = stamped.text("webhook-timestamp").parse().ok();
        if seconds.is_none_or(|seconds| Timestamp::from_second(seconds).is_err()) {
            return Err(Refusal::Headers("webhook-timestamp"));
        }
        Ok(stamped)
    }

    fn headers(&self) -> Headers<'_> {
        Headers {
            id: self.text("webhook-id"),
            timestamp: self.text("webhook-timestamp"),
            signature: self.text("webhook-signature"),
        }
    }

    fn text(&self, name: &str) -> &str {
        self.0
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// Verifies and stores a delivery; returns once it is durable. A duplicate is as good as stored.
pub(crate) async fn receive(
    gateway: &Gateway,
    stamped: &Stamped,
    body: Bytes,
) -> Result<(), Refusal> {
    let verified = verified(gateway, stamped, &body).await?;
    let Glance { kind, customer } = Glance::at(&body);
    let scheme = match verified.scheme {
        Scheme::WholeSecret => "whole",
        Scheme::Decoded => "decoded",
        _ => "newer",
    };
    let mail = Mail {
        webhook_id: verified.id,
        received_at: gateway.time.stamp(),
        sent_at: verified.timestamp.as_microsecond(),
        kind,
        customer,
        verified_by: format!("{}/{scheme}", verified.secret + 1),
        headers: serde_json::json!({
            "webhook-timestamp": stamped.text("webhook-timestamp"),
            "user-agent": stamped.text("user-agent"),
        })
        .to_string(),
        body: Vec::from(body).into(),
    };
    match gateway.store.receive(mail).await.map_err(Refusal::Store)? {
        Receipt::New => gateway.mail_came.notify_one(),
        Receipt::Duplicate => tracing::info!(id = stamped.text("webhook-id"), "webhook came again"),
    }
    gateway.metrics.last_delivery(gateway.time.local());
    Ok(())
}

/// A delivery is fresh by this host's clock or by Polar's: a sandbox may live in another month, a
/// host may have a wrong clock. Fresh by neither is worth one question to Polar for the time.
async fn verified(gateway: &Gateway, stamped: &Stamped, body: &[u8]) -> Result<Verified, Refusal> {
    let Secrets(secrets) = &gateway.secrets;
    let id = stamped.text("webhook-id");
    match verify(secrets, &stamped.headers(), body, gateway.time.local()) {
        Ok(verified) => Ok(verified),
        Err(VerifyError::StaleTimestamp { verified, .. }) => {
            let fresh = || gateway.time.now().duration_since(verified.timestamp).abs() <= TOLERANCE;
            if fresh() {
                return Ok(verified);
            }
            gateway.polar.ask_the_time().await;
            if fresh() {
                return Ok(verified);
            }
            tracing::warn!(id, sent_at = %verified.timestamp, "stale webhook refused");
            Err(Refusal::Signature)
        }
        Err(VerifyError::MissingHeader { name } | VerifyError::MalformedHeader { name }) => {
            Err(Refusal::Headers(name))
        }
        Err(_) => {
            tracing::warn!(id, "webhook with a bad signature refused");
            Err(Refusal::Signature)
        }
    }
}
