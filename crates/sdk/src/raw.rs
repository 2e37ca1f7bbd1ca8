//! Below the typed door an open one: for what the types don't know yet.

use http::Method;
use polarkit_model::read::ReadError;
use serde::Serialize;
use serde_json::Value;

use crate::{
    client::Polar,
    operation::{Call, Operation, call, per_call},
    reply::Reply,
    request::Request,
};

impl Polar {
    /// A request to any path under the server, answered with JSON as it comes.
    ///
    /// ```no_run
    /// # async fn example(polar: polarkit::Polar) -> Result<(), polarkit::Error> {
    /// let answer = polar.raw("/v1/not-in-the-types-yet/").query("limit", 5).await?;
    /// # Ok(()) }
    /// ```
    pub fn raw(&self, path: &str) -> Raw<'_> {
        Raw {
            polar: self,
            request: Request::new("raw", Method::GET, path),
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
    pub fn wait(self) -> Result<Value, crate::Error> {
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
    type Output = Result<Value, crate::Error>;
    type IntoFuture = Call<'a, Value>;

    fn into_future(self) -> Self::IntoFuture {
        call(self.polar, self.request, <Self as Operation>::read)
    }
}
