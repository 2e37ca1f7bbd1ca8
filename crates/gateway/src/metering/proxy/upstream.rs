//! The app: connections to it, how long it may be silent, and what is said when it is not there.

use std::error::Error as _;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::header::HOST;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Request, Response, Uri, Version};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

use super::super::request::{Sent, counted};
use super::patience::PatientBody;
use crate::config::Metering;
use crate::problem::{Code, Problem, chain};

/// An app on the same network is there at once, or not at all.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Idle connections are closed before any usual server closes them under a request: 5 s.
const IDLE_MAX: Duration = Duration::from_secs(4);
/// Idle connections kept.
const IDLE_KEPT: usize = 256;

/// The app behind the proxy.
#[derive(Debug)]
pub(super) struct Upstream {
    client: Client<HttpsConnector<HttpConnector>, Body>,
    scheme: Scheme,
    authority: Authority,
    /// Put before every path.
    base: String,
    /// How long the app may be silent.
    patience: Duration,
}

/// Why no app can be reached.
#[derive(Debug, thiserror::Error)]
#[error("POLARKIT_METER_UPSTREAM: the client for the app cannot be built")]
pub(crate) struct Unusable(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Upstream {
    pub(super) fn new(settings: &Metering) -> Result<Self, Unusable> {
        let unusable = |error: http::Error| Unusable(error.into());
        let uri = settings.upstream.as_str().parse::<Uri>();
        let parts = uri.map_err(|error| unusable(error.into()))?.into_parts();
        let encrypted = parts.scheme == Some(Scheme::HTTPS);
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_WITHIN));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(encrypted).map_err(|error| Unusable(error.into()))?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(IDLE_KEPT)
            .build(connector);
        let host = parts.authority.ok_or("it names no host");
        Ok(Self {
            client,
            scheme: parts.scheme.unwrap_or(Scheme::HTTP),
            authority: host.map_err(|error| Unusable(error.into()))?,
            base: settings.upstream.path().trim_end_matches('/').to_owned(),
            patience: Duration::from_secs(settings.timeout_seconds.into()),
        })
    }

    /// The app's answer, as soon as its head is there. When the caller goes away, so does the
    /// connection to the app.
    pub(super) async fn send(&self, request: Request<Body>) -> Result<Response<Body>, Problem> {
        let (mut head, body) = request.into_parts();
        let (sent, body) = counted(body);
        head.uri = self.uri(&head.uri)?;
        head.version = Version::HTTP_11;
        // What belonged to the connection the request came by.
        head.extensions.clear();
        if self.scheme == Scheme::HTTPS || !head.headers.contains_key(HOST) {
            // Its certificate is for its own name.
            let own = HeaderValue::from_str(self.authority.as_str());
            let own = own.map_err(|error| Problem::internal(&error))?;
            head.headers.insert(HOST, own);
        }
        let asked = self.client.request(Request::from_parts(head, body));
        let answer = self.patiently(asked, &sent).await?;
        Ok(answer.map(|body| Body::new(PatientBody::new(body, self.patience))))
    }

    /// Waits as long as something of the request still goes in, then for so long again.
    async fn patiently(
        &self,
        asked: ResponseFuture,
        sent: &Sent,
    ) -> Result<Response<Incoming>, Problem> {
        let mut asked = pin!(asked);
        loop {
            let before = sent.bytes();
            match tokio::time::timeout(self.patience, asked.as_mut()).await {
                Ok(answer) => return answer.map_err(|error| refusal(&error, sent)),
                Err(_elapsed) if sent.bytes() == before => return Err(silent(sent)),
                Err(_elapsed) => {}
            }
        }
    }

    fn uri(&self, asked: &Uri) -> Result<Uri, Problem> {
        let path = asked.path_and_query().map_or("/", PathAndQuery::as_str);
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(format!("{}{path}", self.base))
            .build()
            .map_err(|_malformed| Problem::invalid("The path is malformed"))
    }
}

fn silent(sent: &Sent) -> Problem {
    if sent.is_whole() {
        return Problem::new(
            Code::AppSilent,
            "The app took the request and does not answer",
        );
    }
    Problem::new(Code::TooSlow, "The request's body came too slowly")
}

/// The cause goes to the log: it names addresses of the inside.
fn refusal(error: &Error, sent: &Sent) -> Problem {
    let cause = error.source().map(chain).unwrap_or_default();
    tracing::warn!(%error, cause, "the app cannot be reached");
    if !sent.is_whole() && !error.is_connect() {
        return Problem::new(
            Code::AppUnreachable,
            "The request broke off on its way to the app",
        );
    }
    Problem::new(Code::AppUnreachable, "The app cannot be reached").retry_after(2)
}

/// The platform's trust for an encrypted app; a plain one needs none, also where there is none.
fn tls(encrypted: bool) -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    let builder = if encrypted {
        builder.with_platform_verifier()?
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    Ok(builder.with_no_client_auth())
}
