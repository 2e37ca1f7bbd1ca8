//! Sends webhooks: plain POSTs that are never redirected and never wait long.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header::{CONTENT_TYPE, USER_AGENT};
use jiff::Timestamp;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use super::Engine;
use crate::resource::webhook::{Outcome, Shipment, sign};
use crate::world::World;

/// How long a receiver may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Attempts on their way at one time.
const IN_FLIGHT_MAX: usize = 64;
/// Attempts that follow each other before the worker has its turn: it forgets what nobody saves.
const ROUND_MAX: usize = 256;
/// An answer is read up to here; more of it is not kept anyway.
const ANSWER_BYTES: usize = 16 * 1024;

/// The client, made at the first delivery: reading the trust store takes a while.
#[derive(Debug, Default)]
pub(super) struct Post(OnceLock<Result<Client, String>>);

impl Engine {
    /// Starts every attempt that may start now.
    pub(super) fn send_due(self: &Arc<Self>) {
        let mut world = self.lock();
        while let Some(shipment) = next(&mut world) {
            let engine = Arc::clone(self);
            let epoch = self.epoch();
            self.tasks
                .spawn(async move { engine.deliver(shipment, epoch).await });
        }
    }

    /// Makes an attempt, and then the one that may start because it ended: most often the next in line
    /// at the same endpoint, which nobody has to be woken for.
    async fn deliver(self: Arc<Self>, first: Shipment, epoch: u64) {
        let mut going = Some(first);
        let mut left = ROUND_MAX;
        while let Some(shipment) = going {
            let sent = self.post.send(&shipment, self.clock.now());
            let outcome = tokio::select! {
                outcome = sent => outcome,
                // Not noted: after a restart it is sent again.
                () = self.stop.cancelled() => return,
            };
            left -= 1;
            going = self.note(&shipment, &outcome, epoch, left > 0);
        }
    }

    /// Notes how an attempt ended, and picks the one to go on with.
    fn note(
        &self,
        shipment: &Shipment,
        outcome: &Outcome,
        epoch: u64,
        goes_on: bool,
    ) -> Option<Shipment> {
        let mut world = self.lock();
        let is_same = epoch == self.epoch();
        if is_same {
            world.shipped(shipment, outcome);
        }
        let going = (is_same && goes_on).then(|| next(&mut world)).flatten();
        drop(world);
        if going.is_some() && outcome.succeeded() {
            self.changes.send_modify(|count| *count += 1);
        } else {
            self.tell();
            self.bell.notify_one();
        }
        going
    }
}

/// The next attempt that may start now.
fn next(world: &mut World) -> Option<Shipment> {
    let is_full = world.outbox.in_flight() >= IN_FLIGHT_MAX;
    (!is_full).then(|| world.ship()).flatten()
}

impl Post {
    async fn send(&self, shipment: &Shipment, now: Timestamp) -> Outcome {
        match self.attempt(shipment, now).await {
            Ok(response) => Outcome {
                http_code: Some(response.status().as_u16()),
                response: text(response).await,
            },
            Err(error) => Outcome {
                http_code: None,
                response: error,
            },
        }
    }

    /// Signed with the true time, `now`, wherever the world's own clock stands: a receiver compares
    /// it with its own clock, and one that uses an official SDK refuses what is five minutes off.
    async fn attempt(&self, shipment: &Shipment, now: Timestamp) -> Result<Response, String> {
        let client = self
            .0
            .get_or_init(|| client().map_err(|error| error.to_string()));
        let client = client.as_ref().map_err(String::clone)?;
        let (id, seconds) = (shipment.message.to_string(), now.as_second());
        let signature = sign(&shipment.secret, &id, seconds, &shipment.body);
        client
            .post(&shipment.url)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, "polar.sh webhooks")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature)
            .body(shipment.body.clone())
            .send()
            .await
            .map_err(|error| causes(&error))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a delivery is not an API call: no retries, no redirects, nothing of the SDK's transport"
)]
fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .redirect(Policy::none())
        .timeout(TIMEOUT)
        .no_proxy()
        .tls_backend_preconfigured(tls())
        .build()
}

/// A machine without a trust store still delivers to plain http.
fn tls() -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    let trusting = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier);
    match trusting {
        Ok(builder) => builder.with_no_client_auth(),
        Err(error) => {
            tracing::warn!(%error, "no trust store: webhooks over https will fail");
            let nobody = Arc::new(RootCertStore::empty());
            ClientConfig::builder()
                .with_root_certificates(nobody)
                .with_no_client_auth()
        }
    }
}

/// The beginning of an answer. A body that breaks off counts as far as it came.
async fn text(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < ANSWER_BYTES {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    bytes.truncate(ANSWER_BYTES);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The whole chain: the outermost error alone says only "error sending request".
fn causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
