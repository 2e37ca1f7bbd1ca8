//! From raw bytes to a durable row: who signed them, how fresh they are, and the one insert.

use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use polarkit::webhooks::{Headers, TOLERANCE, Verified, VerifyError};
use polarkit_store::Mail;
use serde::Serialize;

use crate::gateway::Gateway;

/// Why a delivery was not taken.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// No key fits, or its headers are none.
    Unverified(VerifyError),
    /// A key fits, but it was sent at another time than now.
    Stale {
        /// By this host's clock, seconds; negative when it comes from the future.
        seconds: i64,
    },
    /// It cannot be stored now.
    Store(polarkit_store::Error),
}

/// A delivery's headers, looked at before its body is read.
#[derive(Debug)]
pub(crate) struct Stamped(HeaderMap);

/// The headers that matter later; no signature.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Kept<'a> {
    webhook_timestamp: &'a str,
    user_agent: &'a str,
}

impl Stamped {
    pub(crate) fn read(headers: HeaderMap) -> Result<Self, VerifyError> {
        Headers::from_pairs(&headers)?.well_formed()?;
        Ok(Self(headers))
    }

    fn headers(&self) -> Result<Headers<'_>, VerifyError> {
        Headers::from_pairs(&self.0)
    }

    /// Those that are kept, as JSON.
    fn kept(&self) -> String {
        let kept = Kept {
            webhook_timestamp: self.text("webhook-timestamp"),
            user_agent: self.text("user-agent"),
        };
        serde_json::to_string(&kept).unwrap_or_default()
    }

    fn text(&self, name: &str) -> &str {
        self.0
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// Verifies and stores a delivery; returns once it is durable. What it says, and whether it came
/// before, is looked into later.
pub(crate) async fn receive(
    gateway: &Gateway,
    stamped: &Stamped,
    body: Bytes,
) -> Result<(), Refusal> {
    let verified = verified(gateway, stamped, &body).await?;
    gateway
        .metrics
        .delivery_age(age(&verified, gateway.time.local()));
    let verified_by = gateway.senders.name(&verified);
    let mail = Mail {
        webhook_id: verified.id,
        received_at: gateway.time.stamp(),
        sent_at: verified.timestamp.as_microsecond(),
        verified_by,
        headers: stamped.kept(),
        body,
    };
    gateway.store.receive(mail).await.map_err(Refusal::Store)?;
    gateway.mail_came.notify_one();
    gateway.shared.mail_came();
    gateway.metrics.last_delivery(gateway.time.local());
    Ok(())
}

/// A delivery is fresh by this host's clock or by Polar's: a sandbox may live in another month, a
/// host may have a wrong clock. Fresh by neither is worth one question to Polar for the time.
async fn verified(gateway: &Gateway, stamped: &Stamped, body: &[u8]) -> Result<Verified, Refusal> {
    let now = gateway.time.local();
    let verify = |headers| gateway.senders.verify(&headers, body, now);
    let refused = match stamped.headers().and_then(verify) {
        Ok(verified) => return Ok(verified),
        Err(refused) => refused,
    };
    if let VerifyError::TooOld { verified, .. } | VerifyError::TooNew { verified, .. } = refused {
        let fresh = || gateway.time.now().duration_since(verified.timestamp).abs() <= TOLERANCE;
        if fresh() {
            return Ok(verified);
        }
        gateway.polar.ask_the_time().await;
        if fresh() {
            return Ok(verified);
        }
        let seconds = age(&verified, now);
        gateway.metrics.delivery_age(seconds);
        tracing::warn!(
            id = verified.id,
            seconds,
            "webhook refused: signed well, but at another time; one of the clocks is wrong"
        );
        return Err(Refusal::Stale { seconds });
    }
    tracing::warn!(id = stamped.text("webhook-id"), %refused, "webhook refused");
    Err(Refusal::Unverified(refused))
}

/// How long ago it was signed, seconds.
fn age(verified: &Verified, now: Timestamp) -> i64 {
    now.duration_since(verified.timestamp).as_secs()
}
