//! Downloads: bytes as they come, for what may be too long to hold.

use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, TryStreamExt as _};
use http::StatusCode;

use crate::{client::Polar, error::Error, request::Request};

/// Bytes as they come. A download that breaks off gives the error, once, and ends.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>;

impl Polar {
    /// Fetches what one of Polar's answers gives an address of: an invoice, a receipt, a file.
    ///
    /// Such addresses lead to other hosts, prove themselves and are good for a short while; one
    /// that no longer is gives [`Error::NotPermitted`], as a rule. Neither the token nor anything
    /// else of the client is sent there, and no rate limit of Polar's counts it. Redirects are not
    /// followed. What is no `http` or `https` address gives [`Error::Request`].
    ///
    /// ```no_run
    /// # async fn example(polar: polarkit::Polar, order: polarkit::model::OrderId)
    /// # -> Result<(), polarkit::Error> {
    /// let invoice = polar.orders().invoice(order).await?;
    /// let pdf = polar.download(&invoice.url).bytes(5 * 1024 * 1024).await?;
    /// # Ok(()) }
    /// ```
    pub fn download(&self, url: &str) -> Download<'_> {
        Download::new(self, Request::download(url))
    }
}

/// A download about to begin.
#[derive(Debug, Clone)]
#[must_use = "nothing is fetched until it is asked for"]
pub struct Download<'a> {
    polar: &'a Polar,
    request: Request,
}

impl<'a> Download<'a> {
    pub(crate) fn new(polar: &'a Polar, request: Request) -> Self {
        Self { polar, request }
    }

    /// The bytes as they come, however many.
    ///
    /// What fails before the answer begins is tried again by the client's policy; what breaks off
    /// later is not, and gives [`Error::Network`]. So does a piece that takes longer than an
    /// attempt may.
    pub async fn stream(self) -> Result<ByteStream, Error> {
        self.begin().await.map(|(_, pieces)| pieces)
    }

    /// All the bytes. More than `bytes_max` of them give [`Error::TooLong`], and the rest is not
    /// read.
    pub async fn bytes(self, bytes_max: usize) -> Result<Bytes, Error> {
        let operation = self.request.operation;
        let (status, mut pieces) = self.begin().await?;
        let mut bytes = BytesMut::new();
        while let Some(piece) = pieces.try_next().await? {
            if piece.len() > bytes_max.saturating_sub(bytes.len()) {
                return Err(Error::TooLong {
                    operation,
                    status,
                    bytes_max,
                });
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.freeze())
    }

    async fn begin(self) -> Result<(StatusCode, ByteStream), Error> {
        let operation = self.request.operation;
        let response = self.polar.dispatch_open(&self.request).await?;
        let status = response.status();
        let network = move |source| Error::Network { operation, source };
        Ok((status, Box::pin(response.into_body().map_err(network))))
    }
}

/// Gives a request for an export its bytes as they come.
macro_rules! export {
    ($name:ident) => {
        impl<'a> $name<'a> {
            /// The export as bytes, for one that may be too long to hold as text: awaited, it may
            /// have 32 MiB.
            #[inline]
            pub fn download(self) -> crate::Download<'a> {
                crate::Download::new(self.polar, self.request)
            }
        }
    };
}

pub(crate) use export;
