//! What a call gives back when it succeeds.

use serde_json::Value;

use crate::render::Json;

/// A success. Its status is the operation's documented one unless said otherwise.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reply {
    /// A JSON body.
    Json(Json),
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
        Self::Json(body.into())
    }
}

impl From<Json> for Reply {
    fn from(body: Json) -> Self {
        Self::Json(body)
    }
}
