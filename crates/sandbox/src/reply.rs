//! What a call gives back when it succeeds.

use serde_json::Value;

use crate::render::Json;
use crate::resource::checkout::Checkout;
use crate::world::Id;

/// A success. Its status is the operation's documented one unless said otherwise.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reply {
    /// A JSON body.
    Json(Json),
    /// No body.
    Empty,
    /// 307 to an absolute or root-relative address.
    Redirect(String),
    /// What happens to a session of checkout from now on.
    Watch(Id<Checkout>),
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
