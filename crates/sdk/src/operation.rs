//! What an operation is to the engine that sends it.

use std::pin::Pin;

use polarkit_model::read::ReadError;

use crate::{
    client::{Polar, decode},
    error::Error,
    reply::Reply,
    request::Request,
};

/// Something Polar can be asked.
pub trait Operation {
    /// What it answers.
    type Output;

    /// Its permanent id, such as `orders:list`.
    const ID: &'static str;

    /// The request as data.
    fn request(&self) -> Request;

    /// Reads the reply of success.
    fn read(reply: &Reply) -> Result<Self::Output, ReadError>;
}

/// A request under way.
pub type Call<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Starts a request. One body of code per type of answer, not per operation.
pub(crate) fn call<'a, T: Send + 'a>(
    polar: &'a Polar,
    request: Request,
    read: fn(&Reply) -> Result<T, ReadError>,
) -> Call<'a, T> {
    Box::pin(async move {
        let reply = polar.dispatch(&request).await?;
        read(&reply).map_err(|source| decode(&request, source, &reply))
    })
}

/// What any one call may do differently from its client.
macro_rules! per_call {
    ($name:ident) => {
        impl $name<'_> {
            /// Asks for another [version](crate::Version) of the API, this once.
            pub fn api_version(mut self, version: impl Into<crate::Version>) -> Self {
                self.request.overrides.version = Some(version.into());
                self
            }

            /// Asks with another token, this once: a customer's or a member's, say.
            pub fn with_token(mut self, token: impl Into<crate::Secret>) -> Self {
                self.request.overrides.token = Some(token.into());
                self
            }

            /// Gives an attempt another time to take, this once.
            pub fn with_timeout(mut self, timeout: std::time::Duration) -> Self {
                self.request.overrides.timeout = Some(timeout);
                self
            }

            /// Tries again by another policy, this once.
            pub fn with_retry(mut self, retry: crate::Retry) -> Self {
                self.request.overrides.retry = Some(retry);
                self
            }
        }
    };
}

/// Declares an operation bound to a client: the request value, how it is sent, what it answers.
macro_rules! operation {
    (
        $(#[$doc:meta])*
        $name:ident $(($body:ty))? -> $output:ty = $id:literal,
        $method:ident $path:literal, $read:ident $(, $send:ident)?
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        #[must_use = "nothing is sent until it is awaited"]
        pub struct $name<'a> {
            polar: &'a crate::Polar,
            request: crate::Request,
            $(body: $body,)?
        }

        crate::operation::per_call!($name);

        impl crate::Operation for $name<'_> {
            type Output = $output;

            const ID: &'static str = $id;

            fn request(&self) -> crate::Request {
                let request = self.request.clone();
                $(let request = request.$send(&self.body);)?
                request
            }

            fn read(reply: &crate::Reply) -> Result<$output, crate::ReadError> {
                reply.$read()
            }
        }

        impl<'a> std::future::IntoFuture for $name<'a> {
            type Output = Result<$output, crate::Error>;
            type IntoFuture = crate::Call<'a, $output>;

            fn into_future(self) -> Self::IntoFuture {
                let request = crate::Operation::request(&self);
                crate::operation::call(self.polar, request, <Self as crate::Operation>::read)
            }
        }

        #[cfg(feature = "blocking")]
        impl $name<'_> {
            /// Sends it and waits, for code that doesn't await. See [`blocking`](crate::blocking).
            #[inline]
            pub fn wait(self) -> Result<$output, crate::Error> {
                let request = crate::Operation::request(&self);
                crate::blocking::wait(self.polar, request, <Self as crate::Operation>::read)
            }
        }

        impl $name<'_> {
            fn blank() -> crate::Request {
                crate::Request::new($id, http::Method::$method, $path)
            }
        }
    };
}

pub(crate) use {operation, per_call};
