//! One webhook sent, within bounds: of time, of bytes read, of addresses.

use std::error::Error as _;
use std::time::{Duration, Instant};

use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, StatusCode};
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use reqwest::Client;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use std::sync::Arc;
use url::Url;

use super::guard::{Forbidden, Guard};
use crate::config::Config;

/// So much of an answer is kept; the rest is not read.
const RESPONSE_BYTES_MAX: usize = 1_024;
/// So much of an error is kept: a hook may say anything.
const ERROR_CHARS_MAX: usize = 1_000;
/// Idle connections kept to one receiver.
const IDLE_MAX: usize = 4;

/// What sends: one client for encrypted receivers, one for plain ones on allowed networks.
#[derive(Debug, Clone)]
pub(crate) struct Poster {
    encrypted: (Client, Guard),
    plain: (Client, Guard),
}

/// Why nothing can be sent.
#[derive(Debug, thiserror::Error)]
#[error("the client for webhooks cannot be built")]
pub struct Unbuilt(#[source] Box<dyn std::error::Error + Send + Sync>);

/// A webhook ready to be sent.
#[derive(Debug)]
pub(crate) struct Webhook<'a> {
    pub(crate) url: &'a str,
    pub(crate) id: &'a str,
    pub(crate) signature: String,
    pub(crate) at: Timestamp,
    pub(crate) body: Vec<u8>,
}

/// What became of one try.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// The status, where there was an answer.
    pub(crate) status: Option<u16>,
    pub(crate) latency: Duration,
    /// Why it counts as failed.
    pub(crate) error: Option<String>,
    /// How the answer begins.
    pub(crate) response: Option<String>,
    /// How long the receiver asks to be left alone.
    pub(crate) retry_after: Option<SignedDuration>,
}

impl Answer {
    /// The try failed without an answer.
    pub(crate) fn failed(error: impl Into<String>) -> Self {
        let error: String = error.into();
        let kept = error.chars().take(ERROR_CHARS_MAX);
        // A NUL is no text for PostgreSQL.
        let kept = kept.map(|c| if c == '\0' { '\u{fffd}' } else { c });
        Self {
            error: Some(kept.collect()),
            ..Self::default()
        }
    }

    /// The receiver wants nothing any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.status == Some(StatusCode::GONE.as_u16())
    }
}

impl Poster {
    pub(crate) fn new(config: &Config) -> Result<Self, Unbuilt> {
        let timeout = Duration::from_secs(config.subscriber_timeout_seconds.into());
        let encrypted = Guard::new(&config.subscriber_networks, true);
        let plain = Guard::new(&config.subscriber_networks, false);
        Ok(Self {
            encrypted: (client(&encrypted, timeout)?, encrypted),
            plain: (client(&plain, timeout)?, plain),
        })
    }

    /// Sends it once. Any 2xx means it was taken.
    pub(crate) async fn send(&self, webhook: Webhook<'_>) -> Answer {
        let began = Instant::now();
        let answer = match self.request(webhook).await {
            Ok(response) => read(response).await,
            Err(refused) => refused,
        };
        Answer {
            latency: began.elapsed(),
            ..answer
        }
    }

    async fn request(&self, webhook: Webhook<'_>) -> Result<reqwest::Response, Answer> {
        let url: Url = webhook
            .url
            .parse()
            .map_err(|_malformed| Answer::failed("the URL is malformed"))?;
        let (client, guard) = if url.scheme() == "https" {
            &self.encrypted
        } else {
            &self.plain
        };
        // A host that is an address is never resolved, so the resolver can't look at it.
        if !guard.admits_literal(&url) {
            return Err(Answer::failed(Forbidden.to_string()));
        }
        let call = client
            .post(url)
            .header("webhook-id", webhook.id)
            .header("webhook-timestamp", webhook.at.as_second())
            .header("webhook-signature", webhook.signature)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("polarkit/", env!("CARGO_PKG_VERSION")))
            .body(webhook.body);
        call.send()
            .await
            .map_err(|error| Answer::failed(said(&error)))
    }
}

async fn read(mut response: reqwest::Response) -> Answer {
    let status = response.status();
    let retry_after = asked_wait(response.headers());
    let mut bytes = Vec::new();
    while bytes.len() < RESPONSE_BYTES_MAX {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            // The status has come, and it decides.
            Ok(None) | Err(_) => break,
        }
    }
    bytes.truncate(RESPONSE_BYTES_MAX);
    // A NUL is no text for PostgreSQL.
    let text = String::from_utf8_lossy(&bytes).replace('\0', "\u{fffd}");
    Answer {
        status: Some(status.as_u16()),
        error: (!status.is_success()).then(|| failure(status)),
        response: (!text.is_empty()).then_some(text),
        retry_after,
        ..Answer::default()
    }
}

fn failure(status: StatusCode) -> String {
    if status.is_redirection() {
        return format!("HTTP {}: redirects are not followed", status.as_u16());
    }
    format!("HTTP {}", status.as_u16())
}

/// Seconds, or a date by this receiver's own clock.
fn asked_wait(headers: &HeaderMap) -> Option<SignedDuration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number too large to be read is a long wait all the same; the breaker bounds it.
        let seconds = text.parse::<u32>().unwrap_or(u32::MAX);
        return Some(SignedDuration::from_secs(seconds.into()));
    }
    let date = |text: &str| Some(rfc2822::parse(text).ok()?.timestamp());
    let now = date(headers.get(http::header::DATE)?.to_str().ok()?)?;
    let wait = date(text)?.duration_since(now);
    wait.is_positive().then_some(wait)
}

/// What went wrong, in words that tell nothing of the network behind a forbidden address.
fn said(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut last = None;
    while let Some(error) = cause {
        if error.is::<Forbidden>() {
            return Forbidden.to_string();
        }
        last = Some(error.to_string());
        cause = error.source();
    }
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let what = if error.is_connect() {
        "cannot connect"
    } else {
        "broken off"
    };
    last.map_or_else(|| what.to_owned(), |last| format!("{what}: {last}"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the guard must stand in the client's own resolver"
)]
fn client(guard: &Guard, timeout: Duration) -> Result<Client, Unbuilt> {
    Client::builder()
        .tls_backend_preconfigured(tls().map_err(|error| Unbuilt(error.into()))?)
        .timeout(timeout)
        .connect_timeout(timeout)
        .dns_resolver(Arc::new(guard.clone()))
        // A redirect, or a proxy of the environment, would lead past the guard.
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .no_gzip()
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(IDLE_MAX)
        .build()
        .map_err(|error| Unbuilt(error.into()))
}

/// The platform's trust. Where there is none, encrypted receivers can't be told from others and
/// get nothing; the gateway does everything else all the same.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let builder = || {
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
    };
    let mut config = match builder()?.with_platform_verifier() {
        Ok(trusting) => trusting.with_no_client_auth(),
        Err(error) => {
            tracing::warn!(%error, "no certificates to trust: https subscribers get nothing");
            let none = RootCertStore::empty();
            builder()?
                .with_root_certificates(none)
                .with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_asked_for_in_seconds_or_by_date() {
        let date = "Wed, 21 Oct 2015 07:28:00 GMT";
        for (asked, expected) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("Wed, 21 Oct 2015 07:29:30 GMT", Some(90)),
            ("Wed, 21 Oct 2015 07:27:00 GMT", None),
            ("soon", None),
            ("-5", None),
            ("+5", None),
            ("", None),
            ("4294967296", Some(u32::MAX.into())),
            ("99999999999999999999999999", Some(u32::MAX.into())),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(http::header::DATE, date.parse().unwrap());
            headers.insert(RETRY_AFTER, asked.parse().unwrap());
            let wait = expected.map(SignedDuration::from_secs);
            assert_eq!(asked_wait(&headers), wait, "{asked}");
        }
    }
}
