//! Below the typed door an open one: for what the types don't know yet.

use bytes::Bytes;
use http::Method;
use polarkit_model::read::ReadError;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    client::{Polar, decode},
    error::Error,
    operation::{Call, Operation, call, per_call},
    reply::Reply,
    request::Request,
};

impl Polar {
    /// A request to any path under the server, which begins with a slash and stands as it is sent.
    /// Awaited, it gives JSON as it comes; [`Raw::typed`] a type of your own; [`Raw::reply`] what
    /// stands around the body as well.
    ///
    /// ```no_run
    /// # async fn example(polar: polarkit::Polar) -> Result<(), polarkit::Error> {
    /// #[derive(serde::Deserialize)]
    /// struct New {
    ///     name: String,
    /// }
    ///
    /// let answer = polar.raw("/v1/not-in-the-types-yet/").query("limit", 5).await?;
    /// let typed: New = polar.raw("/v1/nor-this").typed().await?;
    /// # Ok(()) }
    /// ```
    pub fn raw(&self, path: &str) -> Raw<'_> {
        Raw {
            polar: self,
            request: Request::raw(path),
        }
    }
}

/// A request without a type.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until it is awaited"]
pub struct Raw<'a> {
    polar: &'a Polar,
    request: Request,
}

impl Raw<'_> {
    /// Uses another method than `GET`. What is not a read is never repeated.
    pub fn method(mut self, method: Method) -> Self {
        self.request.repeatable = method.is_safe();
        self.request.method = method;
        self
    }

    /// Sends it and waits, for code that doesn't await. See [`blocking`](crate::blocking).
    #[cfg(feature = "blocking")]
    pub fn wait(self) -> Result<Value, Error> {
        crate::blocking::wait(self.polar, self.request, <Self as Operation>::read)
    }

    /// Adds to the query; a name may come again.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "so that a number can be written as it is"
    )]
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.request
            .entries
            .push((name.to_owned(), value.to_string()));
        self
    }

    /// Gives it a JSON body.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        self.request = self.request.json(body);
        self
    }

    /// Gives it a body of another kind.
    pub fn body(mut self, content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        self.request = self.request.bytes(content_type, bytes.into());
        self
    }

    /// Sends it and reads the JSON of success as a type of yours, as strictly as the type is. What
    /// cannot be read gives [`Error::Decode`].
    pub async fn typed<T: DeserializeOwned>(self) -> Result<T, Error> {
        let reply = self.polar.dispatch(&self.request).await?;
        let read = polarkit_model::read::with_serde(&reply.body);
        read.map_err(|source| decode(&self.request, source, &reply))
    }

    /// Sends it and gives the reply of success whole: status, headers, body. Any other is an
    /// error, and has its own status and body.
    pub async fn reply(self) -> Result<Reply, Error> {
        self.polar.dispatch(&self.request).await
    }
}

per_call!(Raw);

impl Operation for Raw<'_> {
    type Output = Value;

    const ID: &'static str = "raw";

    fn request(&self) -> Request {
        self.request.clone()
    }

    /// An empty body is null; one that is no JSON is text, as exports are.
    fn read(reply: &Reply) -> Result<Value, ReadError> {
        if reply.body.is_empty() {
            return Ok(Value::Null);
        }
        reply
            .json()
            .or_else(|_not_json| reply.text().map(Value::String))
    }
}

impl<'a> IntoFuture for Raw<'a> {
    type Output = Result<Value, Error>;
    type IntoFuture = Call<'a, Value>;

    fn into_future(self) -> Self::IntoFuture {
        call(self.polar, self.request, <Self as Operation>::read)
    }
}
