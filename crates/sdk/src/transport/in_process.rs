//! A transport without a network: requests go to a tower service in the same process.

use std::future::poll_fn;

use bytes::Bytes;
use http::header::HOST;
use http_body_util::{BodyExt as _, Full};
use tower_service::Service;

use futures_util::TryStreamExt as _;

use super::{Body, BoxError, Sending, Transport, TransportError};

/// A service that stands in for Polar: an axum `Router`, say, such as the sandbox's. Tests then
/// need neither a port nor a network.
///
/// Tell the builder a server of your own as well, so that no rate limit of Polar's is kept to:
///
/// ```
/// use axum::{Router, routing::get};
/// use polarkit::{Polar, Server, transport::InProcess};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let router = Router::new().route("/v1/new/", get(async || "{\"is_new\":true}"));
/// let polar = Polar::builder()
///     .server(Server::At("http://polar.invalid".to_owned()))
///     .transport(InProcess::new(router))
///     .build()
///     .expect("nothing to fail on");
///
/// let answer = polar.raw("/v1/new/").await.expect("the router answers");
/// assert_eq!(answer["is_new"], true);
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct InProcess<S>(S);

impl<S> InProcess<S> {
    /// A transport to this service. It is cloned for every request.
    pub const fn new(service: S) -> Self {
        Self(service)
    }
}

impl<S, B> Transport for InProcess<S>
where
    S: Service<http::Request<Full<Bytes>>, Response = http::Response<B>>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn send(&self, request: http::Request<Bytes>) -> Sending<'_> {
        let mut service = self.0.clone();
        Box::pin(async move {
            let request = as_received(request).map(Full::new);
            let ready = poll_fn(|cx| service.poll_ready(cx)).await;
            ready.map_err(|error| TransportError::Unreached(error.into()))?;
            let response = service.call(request).await.map_err(broken)?;
            Ok(response.map(|body| Body::new(body.into_data_stream().map_err(broken))))
        })
    }
}

/// As a server sees it: the host in a header, path and query in the URI.
fn as_received(mut request: http::Request<Bytes>) -> http::Request<Bytes> {
    let uri = request.uri().clone();
    let host = uri.authority().map(|authority| authority.as_str().parse());
    if let Some(Ok(host)) = host {
        request.headers_mut().insert(HOST, host);
    }
    if let Some(target) = uri.path_and_query() {
        *request.uri_mut() = target.clone().into();
    }
    request
}

fn broken(error: impl Into<BoxError>) -> TransportError {
    TransportError::Broken(error.into())
}
