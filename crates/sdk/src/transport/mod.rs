//! The way out is a seam: reqwest unless told otherwise, or whatever carries a request and brings a
//! response back.

mod body;
mod failure;
#[cfg(feature = "tower")]
mod in_process;
#[cfg(feature = "reqwest")]
mod network;

use std::{pin::Pin, sync::Arc};

use bytes::Bytes;

#[cfg(feature = "tower")]
pub use self::in_process::InProcess;
#[cfg(feature = "reqwest")]
pub(crate) use self::network::Network;
pub use self::{
    body::Body,
    failure::{BoxError, TransportError},
};

/// A request on its way.
pub type Sending<'a> =
    Pin<Box<dyn Future<Output = Result<http::Response<Body>, TransportError>> + Send + 'a>>;

/// Carries requests to Polar. See [`Builder::transport`](crate::Builder::transport).
///
/// The engine above it does the rest: it writes the headers, cuts an attempt off when its time is
/// over, tries again, keeps to the limits and bounds what it reads. A transport sends once.
///
/// ```
/// use bytes::Bytes;
/// use polarkit::transport::{Body, Sending, Transport};
///
/// /// Answers every request alike.
/// struct Always(u16);
///
/// impl Transport for Always {
///     fn send(&self, _request: http::Request<Bytes>) -> Sending<'_> {
///         Box::pin(async {
///             let mut response = http::Response::new(Body::from("{}"));
///             *response.status_mut() = self.0.try_into().unwrap_or_default();
///             Ok(response)
///         })
///     }
/// }
/// ```
pub trait Transport: Send + Sync {
    /// Sends once, to the absolute URL of the request. Any response is a response, of success or
    /// not; redirects are not followed. Dropping the future gives the request up.
    ///
    /// What is said of a failure decides whether it is tried again: see [`TransportError`].
    fn send(&self, request: http::Request<Bytes>) -> Sending<'_>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: http::Request<Bytes>) -> Sending<'_> {
        (**self).send(request)
    }
}
