//! The one way out: the only place that builds an HTTP client.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_TYPE};
use polarkit_model::{Clock, Secret};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt as _;

use crate::{
    builder::BuildError,
    error::Error,
    request::{Reply, Request},
    server::Server,
    server_time::Listener,
};

/// No reply of Polar's comes near; one that does is somebody else's.
const REPLY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Long enough for a far network, short enough to fail over.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends requests and hears the server's time.
pub(crate) struct Transport {
    http: reqwest::Client,
    base: String,
    token: Option<Secret>,
    version: String,
    clock: Arc<dyn Clock>,
    pub(crate) server_time: Listener,
}

/// What a transport is made of.
pub(crate) struct Parts {
    pub(crate) server: Server,
    pub(crate) token: Option<Secret>,
    pub(crate) version: String,
    pub(crate) timeout: Duration,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Transport {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that builds the client"
    )]
    pub(crate) fn new(parts: Parts) -> Result<Self, BuildError> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(&parts.server)?)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(parts.timeout)
            // A token never follows a redirect.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("polarkit/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(BuildError::Client)?;
        Ok(Self {
            http,
            base: parts.server.base().to_owned(),
            token: parts.token,
            version: parts.version,
            clock: parts.clock,
            server_time: Listener::default(),
        })
    }

    /// Sends once. Any reply is a reply, of success or not.
    pub(crate) async fn send(&self, request: &Request) -> Result<Reply, Error> {
        let network = |source: reqwest::Error| Error::Network {
            operation: request.operation,
            source: source.without_url(), // a URL may hold an e-mail address or a secret
        };
        let response = self.prepare(request).send().await.map_err(network)?;
        self.server_time.hear(response.headers(), self.clock.now());
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read_body(response, request.operation).await?.into();
        Ok(Reply {
            status,
            headers,
            body,
        })
    }

    fn prepare(&self, request: &Request) -> reqwest::RequestBuilder {
        let url = format!("{}{}", self.base, request.target());
        let version = request.version.as_ref().unwrap_or(&self.version);
        let mut builder = self
            .http
            .request(request.method.clone(), url)
            .header(ACCEPT, "application/json")
            .header("polar-version", version);
        if let Some(token) = &self.token {
            builder = builder.bearer_auth(token.reveal());
        }
        if let Some(body) = &request.body {
            builder = builder
                .header(CONTENT_TYPE, body.content_type)
                .body(body.bytes.clone());
        }
        builder
    }
}

async fn read_body(
    mut response: reqwest::Response,
    operation: &'static str,
) -> Result<Bytes, Error> {
    let network = |source: reqwest::Error| Error::Network {
        operation,
        source: source.without_url(),
    };
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(network)? {
        if body.len() + chunk.len() > REPLY_BYTES_MAX {
            return Err(Error::TooLong {
                operation,
                bytes_max: REPLY_BYTES_MAX,
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// The platform's trust for an encrypted server. A server on this machine needs none, and must
/// work on a machine that has no certificates at all.
fn tls(server: &Server) -> Result<ClientConfig, BuildError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(BuildError::Tls)?;
    let mut config = if server.is_encrypted() {
        builder
            .with_platform_verifier()
            .map_err(BuildError::Tls)?
            .with_no_client_auth()
    } else {
        builder
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth()
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
