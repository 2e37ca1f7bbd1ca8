//! What deliveries are checked against.

use std::{fmt, sync::Arc};

use polarkit::{Clock, Secret, SystemClock};

/// Polar's deliveries are far smaller; a larger body is refused before it is read to its end.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The secrets of your webhook endpoint, put into the app with `app_data`.
#[derive(Clone)]
#[must_use]
pub struct WebhookConfig {
    pub(crate) secrets: Arc<[Secret]>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) body_bytes_max: usize,
}

impl WebhookConfig {
    /// Any of the secrets will do: while one is replaced by another, both are good.
    pub fn new<S: Into<Secret>>(secrets: impl IntoIterator<Item = S>) -> Self {
        Self {
            secrets: secrets.into_iter().map(Into::into).collect(),
            clock: Arc::new(SystemClock),
            body_bytes_max: BODY_BYTES_MAX,
        }
    }

    /// Who tells the time deliveries are compared with.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// How long a body may be; a mebibyte unless told otherwise.
    pub fn body_bytes_max(mut self, body_bytes_max: usize) -> Self {
        self.body_bytes_max = body_bytes_max;
        self
    }
}

impl fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookConfig")
            .field("secrets", &self.secrets.len())
            .field("body_bytes_max", &self.body_bytes_max)
            .finish_non_exhaustive()
    }
}
