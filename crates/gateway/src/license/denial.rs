//! Why a licence is not valid, and what of it Polar's words tell.

use crate::problem::{Code, LicenseState, Problem};

/// Why a licence is not valid. Not being able to tell is no denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denial {
    /// Taken back, as when a subscription ends; also where nothing tells that it is only disabled.
    Revoked,
    /// Switched off by the seller.
    Disabled,
    /// Its time is over.
    Expired,
    /// Nothing is left of its usage, or of its activations.
    LimitReached,
    /// The key has no such activation, or not any more.
    ActivationUnknown,
    /// The activation was made under other conditions.
    ConditionsDiffer,
    /// It is a key without activations.
    NotActivatable,
    /// There is no such key, or Polar's words for it are new.
    Unknown,
}

impl Denial {
    /// What Polar's words mean. They are all that tells one refusal from another; in words that are
    /// new, it is still a refusal.
    pub(crate) fn from_words(words: &str) -> Self {
        let words = words.to_ascii_lowercase();
        let says = |part: &str| words.contains(part);
        match () {
            () if says("expired") => Self::Expired,
            () if says("disabled") => Self::Disabled,
            () if says("no longer active") || says("revoked") => Self::Revoked,
            () if says("does not support activations") => Self::NotActivatable,
            () if says("limit") || says("more usage") => Self::LimitReached,
            () if says("condition") => Self::ConditionsDiffer,
            () => Self::Unknown,
        }
    }

    /// The word callers match on.
    pub(crate) const fn state(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::LimitReached => "limit_reached",
            Self::ActivationUnknown => "activation_unknown",
            Self::ConditionsDiffer => "conditions_differ",
            Self::NotActivatable => "not_activatable",
            Self::Unknown => "unknown",
        }
    }

    const fn detail(self) -> &'static str {
        match self {
            Self::Revoked => "The licence key is not valid: it is no longer active",
            Self::Disabled => "The licence key is not valid: it was switched off",
            Self::Expired => "The licence key is not valid: it has expired",
            Self::LimitReached => "The licence key is not valid for this: its limit is reached",
            Self::ActivationUnknown => "The licence key has no such activation",
            Self::ConditionsDiffer => "The licence key was activated under other conditions",
            Self::NotActivatable => "The licence key cannot be activated, only validated",
            Self::Unknown => "The licence key is not valid",
        }
    }
}

impl From<Denial> for Problem {
    fn from(denial: Denial) -> Self {
        let stands = LicenseState {
            valid: Some(false),
            state: denial.state(),
        };
        Self::new(Code::LicenseInvalid, denial.detail()).of_license(stands)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polars_words_are_understood_and_new_ones_are_still_a_refusal() {
        for (words, state) in [
            ("Not found", "unknown"),
            ("License key is no longer active.", "revoked"),
            (
                "License key is no longer active. This license key can not be activated.",
                "revoked",
            ),
            ("This license key has been disabled", "disabled"),
            ("License key has expired.", "expired"),
            (
                "License key does not match required conditions",
                "conditions_differ",
            ),
            ("License key only has 7 more usages.", "limit_reached"),
            (
                "License key activation limit already reached",
                "limit_reached",
            ),
            (
                "This license key does not support activations. Use the /validate endpoint \
                 instead to check license validity.",
                "not_activatable",
            ),
            ("", "unknown"),
            ("Clave no válida", "unknown"),
        ] {
            assert_eq!(Denial::from_words(words).state(), state, "{words}");
        }
    }
}
