//! How a licence stands: the answer, as of when it is true, and who says so.

use std::sync::Arc;

use jiff::Timestamp;
use polarkit_model::FreeForm;
use serde::{Deserialize, Serialize};

use super::denial::Denial;
use crate::problem::{Code, LicenseState, Problem};
use crate::upstream::Failure;

/// When to ask again where Polar does not say.
const COME_BACK_SECONDS: u64 = 5;

/// How a licence stands.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    /// The licence, where it is valid.
    pub(crate) verdict: Result<Arc<License>, Denial>,
    /// As of when this is true, Polar's time.
    pub(crate) as_of: Timestamp,
    pub(crate) source: Source,
}

/// Who says how a licence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LicenseSource)]
pub(crate) enum Source {
    /// Polar, asked just now.
    Polar,
    /// Polar, a moment ago.
    Memory,
    /// What webhooks told and reading back found.
    Mirror,
    /// Whoever told last, because Polar cannot be asked now.
    Stale,
}

impl Source {
    /// As answers and figures name it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Polar => "polar",
            Self::Memory => "memory",
            Self::Mirror => "mirror",
            Self::Stale => "stale",
        }
    }
}

/// What is told of a valid licence: nothing about the person who holds it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct License {
    pub(crate) id: String,
    pub(crate) benefit_id: String,
    /// `granted`.
    pub(crate) status: String,
    /// The key's end, the rest masked.
    pub(crate) display_key: String,
    pub(crate) limit_activations: Option<i64>,
    pub(crate) usage: i64,
    pub(crate) limit_usage: Option<i64>,
    pub(crate) validations: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) last_validated_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) expires_at: Option<Timestamp>,
    /// The activation asked about.
    pub(crate) activation: Option<Activation>,
    /// Whose it is; not told, but needed to know when to ask again.
    #[serde(skip)]
    pub(crate) customer_id: String,
}

/// One activation of a licence.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct Activation {
    pub(crate) id: String,
    pub(crate) license_key_id: String,
    pub(crate) label: String,
    #[schema(value_type = Object)]
    pub(crate) meta: FreeForm,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) modified_at: Option<Timestamp>,
}

impl Standing {
    /// The licence, or the refusal a caller is told.
    pub(crate) fn granted(&self) -> Result<&Arc<License>, Problem> {
        self.verdict.as_ref().map_err(|denial| (*denial).into())
    }

    /// The same at a later moment, said by somebody else: a licence ends by the clock, too.
    pub(super) fn at(&self, now: Timestamp, source: Source) -> Self {
        let verdict = match &self.verdict {
            Ok(license) if license.has_ended(self.as_of, now) => Err(Denial::Expired),
            verdict => verdict.clone(),
        };
        Self {
            verdict,
            as_of: self.as_of,
            source,
        }
    }

    /// How long ago it was true, in whole seconds.
    pub(crate) fn age_seconds(&self, now: Timestamp) -> i64 {
        now.duration_since(self.as_of).as_secs().max(0)
    }
}

impl License {
    /// Whether its time was over since it was called valid. Polar looks at the end itself: one that was
    /// past already did not end it.
    pub(super) fn has_ended(&self, since: Timestamp, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| since < at && at <= now)
    }
}

/// Nobody can tell how a licence stands: never "invalid", and worth asking again.
pub(crate) fn unreachable(failure: &Failure) -> Problem {
    if let Failure::Refused { .. } = failure {
        return Problem::from(failure);
    }
    let seconds = Problem::from(failure).retry_after_seconds();
    let stands = LicenseState {
        valid: None,
        state: "unreachable",
    };
    let words = "Nobody can tell now whether the licence key is valid: Polar cannot be asked";
    Problem::new(Code::UpstreamUnavailable, words)
        .retry_after(seconds.unwrap_or(COME_BACK_SECONDS))
        .of_license(stands)
}
