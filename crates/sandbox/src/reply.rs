//! What a call gives back when it succeeds.

use serde_json::Value;

/// A success. Its status is the operation's documented one unless said otherwise.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reply {
    /// A JSON body.
    Json(Value),
    /// No body.
    Empty,
    /// 307 to an absolute or root-relative address.
    Redirect(String),
    /// A file: its media type, its name, its bytes.
    File {
        media_type: &'static str,
        name: String,
        bytes: Vec<u8>,
    },
}

impl From<Value> for Reply {
    fn from(body: Value) -> Self {
        Self::Json(body)
    }
}
