//! The three headers a delivery is signed with.

use http::HeaderMap;

use super::VerifyError;

/// A delivery's headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headers<'a> {
    /// `webhook-id`: the same in every attempt.
    pub id: &'a str,
    /// `webhook-timestamp`: when this attempt was made, in seconds since 1970.
    pub timestamp: &'a str,
    /// `webhook-signature`: one or several, separated by spaces.
    pub signature: &'a str,
}

impl<'a> Headers<'a> {
    /// Finds them, whatever map they came in.
    pub fn find(get: impl Fn(&'static str) -> Option<&'a str>) -> Result<Self, VerifyError> {
        let header = |name| get(name).ok_or(VerifyError::MissingHeader { name });
        Ok(Self {
            id: header("webhook-id")?,
            timestamp: header("webhook-timestamp")?,
            signature: header("webhook-signature")?,
        })
    }

    /// Finds them in a request's headers.
    pub fn from_map(headers: &'a HeaderMap) -> Result<Self, VerifyError> {
        Self::find(|name| headers.get(name)?.to_str().ok())
    }
}
