//! What an app's extractor checks deliveries against.

use std::sync::Arc;

use bytes::Bytes;
use polarkit_model::Clock;

use super::{Headers, SecretError, Verifier, VerifyError, Webhook};
use crate::{Secret, SystemClock};

/// The verifier of a webhook endpoint and the clock it goes by: what an app's extractors find in
/// its state. Cheap to clone.
#[derive(Debug, Clone)]
#[must_use]
pub struct WebhookConfig {
    verifier: Arc<Verifier>,
    clock: Arc<dyn Clock>,
}

impl WebhookConfig {
    /// Of an endpoint's secrets, by the system's clock; see [`Verifier::new`].
    pub fn new<S: Into<Secret>>(secrets: impl IntoIterator<Item = S>) -> Result<Self, SecretError> {
        Verifier::new(secrets).map(Self::from)
    }

    /// Who tells the time deliveries are compared with.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// How many bytes a body may have.
    pub fn bytes_max(&self) -> usize {
        self.verifier.bytes_max()
    }

    /// Verifies, then parses: [`Verifier::receive`], now.
    pub fn receive(
        &self,
        headers: &Headers<'_>,
        body: impl Into<Bytes>,
    ) -> Result<Webhook, VerifyError> {
        self.verifier.receive(headers, body, self.clock.now())
    }
}

/// By the system's clock.
impl From<Verifier> for WebhookConfig {
    fn from(verifier: Verifier) -> Self {
        Self {
            verifier: Arc::new(verifier),
            clock: Arc::new(SystemClock),
        }
    }
}
