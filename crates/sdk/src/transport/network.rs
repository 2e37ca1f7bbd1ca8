//! The default transport: the only place that builds an HTTP client.

use std::{mem::take, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt as _;

use super::{Body, Sending, Transport, TransportError};
use crate::builder::BuildError;

/// Long enough for a far network, short enough to fail over.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A pool of connections.
pub(crate) struct Network(reqwest::Client);

impl Network {
    /// A pool for a server that is, or is not, encrypted.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that builds the client"
    )]
    pub(crate) fn new(encrypted: bool) -> Result<Self, BuildError> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(encrypted)?)
            .connect_timeout(CONNECT_TIMEOUT)
            // A token never follows a redirect.
            .redirect(reqwest::redirect::Policy::none())
            // Trying again is the engine's.
            .retry(reqwest::retry::never())
            .build();
        client
            .map(Self)
            .map_err(|error| BuildError::Client(error.into()))
    }
}

impl Transport for Network {
    fn send(&self, request: http::Request<Bytes>) -> Sending<'_> {
        Box::pin(async {
            let request = reqwest::Request::try_from(request).map_err(failure)?;
            let mut response = self.0.execute(request).await.map_err(failure)?;
            let (status, headers) = (response.status(), take(response.headers_mut()));
            let mut answer =
                http::Response::new(Body::new(response.bytes_stream().map_err(failure)));
            *answer.status_mut() = status;
            *answer.headers_mut() = headers;
            Ok(answer)
        })
    }
}

/// Without the URL, which may hold an e-mail address or a secret.
fn failure(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    if error.is_connect() || error.is_builder() {
        TransportError::Unreached(error.into())
    } else {
        TransportError::Broken(error.into())
    }
}

/// The platform's trust for an encrypted server. A server on this machine needs none, and must
/// work on a machine that has no certificates at all.
fn tls(encrypted: bool) -> Result<ClientConfig, BuildError> {
    let refused = |error: rustls::Error| BuildError::Tls(error.into());
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(refused)?;
    let mut config = if encrypted {
        builder
            .with_platform_verifier()
            .map_err(refused)?
            .with_no_client_auth()
    } else {
        builder
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth()
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
