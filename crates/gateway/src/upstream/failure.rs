//! Why Polar did not do as asked, in the gateway's own words.

use polarkit::Error;

use crate::problem::chain;

/// When Polar asks to slow down without saying for how long.
const SLOW_DOWN_SECONDS: u64 = 5;

/// Why Polar did not do as asked, as far as the gateway's callers are concerned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// No answer, or not in time.
    #[error("Polar cannot be reached")]
    Unreachable,
    /// The gateway's own token is not good, or not for this.
    #[error("Polar refused the gateway's credentials")]
    Credentials,
    /// There is no such thing.
    #[error("Polar knows no such thing")]
    NotFound,
    /// The server has no such route: it is not Polar, or not today's.
    #[error("Polar's address has no such route")]
    Absent,
    /// Something in the request is wrong; the fields' names, nothing of Polar's words.
    #[error("Polar refused the request: {}", fields.join(", "))]
    Refused { fields: Vec<String> },
    /// Too many requests.
    #[error("Polar asks to slow down")]
    Limited { retry_after_seconds: u64 },
    /// A fault of Polar's, or an answer that can't be read.
    #[error("Polar failed")]
    Failed,
}

impl Failure {
    /// The same request would be refused again.
    pub(crate) fn is_about_the_request(&self) -> bool {
        matches!(self, Self::NotFound | Self::Refused { .. })
    }

    /// The cause goes to the log; what it means goes on.
    pub(super) fn from_error(error: &Error) -> Self {
        let failure = Self::meaning(error);
        if failure.is_about_the_request() {
            tracing::info!(error = %chain(error), "Polar refused");
        } else {
            tracing::warn!(error = %chain(error), "Polar did not answer as hoped");
        }
        failure
    }

    fn meaning(error: &Error) -> Self {
        match error {
            Error::Network { .. } => Self::Unreachable,
            Error::Authentication(_) => Self::Credentials,
            // What a token may not do is our own affair; what a state does not allow, the caller's.
            Error::NotPermitted(refusal)
                if refusal.name.as_deref() == Some("insufficient_scope") =>
            {
                Self::Credentials
            }
            // Every refusal of Polar's own has a name. What has none is a proxy's, or another
            // server's altogether: it says nothing of the request.
            Error::NotFound(refusal) if refusal.name.is_none() => Self::Absent,
            Error::NotPermitted(refusal) | Error::Refused(refusal) if refusal.name.is_none() => {
                Self::Failed
            }
            Error::NotFound(_) => Self::NotFound,
            Error::Validation { fields, .. } => {
                let names = fields
                    .iter()
                    .map(|field| field.path.trim_start_matches("body."));
                Self::Refused {
                    fields: names.map(str::to_owned).collect(),
                }
            }
            Error::NotPermitted(_) | Error::Conflict(_) | Error::Refused(_) => {
                Self::Refused { fields: Vec::new() }
            }
            Error::Request { argument, .. } => Self::Refused {
                fields: vec![(*argument).to_owned()],
            },
            Error::RateLimited { .. } | Error::HeldBack { .. } => {
                let wait = error.retry_after();
                let seconds = wait.map_or(SLOW_DOWN_SECONDS, |wait| wait.as_secs().max(1));
                Self::Limited {
                    retry_after_seconds: seconds,
                }
            }
            _ => Self::Failed,
        }
    }
}
