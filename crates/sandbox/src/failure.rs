//! The ways a call can fail, each in the body shape Polar gives it.

use serde_json::Value;

/// Why a call was refused. The face renders it; nothing else knows about bodies or headers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Failure {
    /// `{"error": …, "detail": "…"}` with its own status.
    Named {
        status: u16,
        error: &'static str,
        detail: String,
    },
    /// 422 `RequestValidationError`: the body or query has the wrong shape.
    Malformed(Vec<Flaw>),
    /// 422 `PolarRequestValidationError`: the shape is right, a rule is broken.
    Refused(Vec<Flaw>),
    /// 401 in the OAuth shape: the token is unknown, expired or revoked.
    InvalidToken,
    /// 401 in the plain shape: the route wants a caller and there is none it accepts.
    Unauthorized,
    /// 403 in the OAuth shape: the token lacks every scope that would do.
    InsufficientScope { accepted: Vec<String> },
    /// A refusal with a body of its own.
    Shaped { status: u16, body: Value },
    /// 400 in the framework's shape: a body that is not even text.
    Unreadable,
    /// 500 without a reason: the operation broke off.
    Broken,
}

impl Failure {
    /// A named error with its status.
    pub(crate) fn named(status: u16, error: &'static str, detail: impl Into<String>) -> Self {
        Self::Named {
            status,
            error,
            detail: detail.into(),
        }
    }

    /// Polar's usual 404.
    pub(crate) fn not_found() -> Self {
        Self::named(404, "ResourceNotFound", "Not found")
    }

    /// One broken rule.
    pub(crate) fn refused(flaw: Flaw) -> Self {
        Self::Refused(vec![flaw])
    }
}

/// One entry of a 422 answer's `detail`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Flaw {
    /// Pydantic's or Polar's type word, such as `missing` or `value_error`.
    pub(crate) kind: &'static str,
    /// Where: `body`, `query` or `path`, then names and indexes.
    pub(crate) at: Vec<Value>,
    /// What is wrong, for people.
    pub(crate) message: String,
    /// What was sent there.
    pub(crate) input: Value,
    /// Bounds and names the message speaks of; schema errors only.
    pub(crate) context: Option<Value>,
}

impl Flaw {
    /// A broken rule at a place in the body, for example `["prices", 0, "meter_id"]`.
    pub(crate) fn body<const N: usize>(
        kind: &'static str,
        place: [Value; N],
        message: impl Into<String>,
        input: impl Into<Value>,
    ) -> Self {
        let at = std::iter::once(Value::from("body")).chain(place).collect();
        Self {
            kind,
            at,
            message: message.into(),
            input: input.into(),
            context: None,
        }
    }

    /// The commonest broken rule: `value_error` at one field of the body.
    pub(crate) fn field(field: &str, message: impl Into<String>, input: impl Into<Value>) -> Self {
        Self::body("value_error", [Value::from(field)], message, input)
    }
}
