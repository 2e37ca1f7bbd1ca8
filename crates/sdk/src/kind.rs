//! The coarse kinds of error: what to do about it.

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
    /// The kind as a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Authentication => "authentication",
            Self::Validation => "validation",
            Self::WebhookVerification => "webhook_verification",
            Self::RateLimit => "rate_limit",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Upstream => "upstream",
            Self::Internal => "internal",
        }
    }
}
