//! Reading Polar back: answers whole, as they came, each with the moment they surely tell of.

use std::time::Instant;

use bytes::Bytes;
use http::Method;
use serde::Serialize;

use super::{Failure, Polar};

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) body: Bytes,
    /// A moment not after Polar looked, µs of Polar's time: whatever was told of a later moment is
    /// newer than this answer.
    pub(crate) at: i64,
}

impl Polar {
    /// The organization everything is read of.
    pub(crate) fn organization(&self) -> String {
        self.organization.to_string()
    }

    /// Reads a path.
    pub(crate) async fn read(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Answer, Failure> {
        let call = query
            .iter()
            .fold(self.own.raw(path), |call, (name, value)| {
                call.query(name, value)
            });
        self.answered(call).await
    }

    /// Changes something at a path.
    pub(crate) async fn change(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<Answer, Failure> {
        let call = self.own.raw(path).method(method);
        let call = match body {
            Some(body) => call.json(body),
            None => call,
        };
        self.answered(call).await
    }

    async fn answered(&self, call: polarkit::Raw<'_>) -> Result<Answer, Failure> {
        let asked = Instant::now();
        let reply = self.heard(call.reply()).await?;
        Ok(Answer {
            body: Bytes::clone(&reply.body),
            at: self.said_at(asked),
        })
    }
}
