//! The coarse kinds of error: what to do about it.

use std::fmt;

/// The coarse kinds of error, for those who only want to know what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Try again later.
    Network,
    /// Look at the token.
    Authentication,
    /// Look at the request.
    Validation,
    /// Look at the webhook's secret.
    WebhookVerification,
    /// Slow down.
    RateLimit,
    /// It isn't there.
    NotFound,
    /// Look at the state it is in.
    Conflict,
    /// Polar failed.
    Upstream,
    /// We failed.
    Internal,
}

impl Kind {
    /// The kind as a word, the same the gateway's problems carry: `network_error`,
    /// `authentication_error`, `validation_error`, `webhook_verification_error`,
    /// `rate_limit_error`; `not_found`, `conflict`, `upstream`, `internal`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network_error",
            Self::Authentication => "authentication_error",
            Self::Validation => "validation_error",
            Self::WebhookVerification => "webhook_verification_error",
            Self::RateLimit => "rate_limit_error",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Upstream => "upstream",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
