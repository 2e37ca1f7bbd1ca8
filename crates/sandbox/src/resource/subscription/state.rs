//! The life of a subscription: which step leads from which status to which, and what may be asked of it when.

use serde::{Deserialize, Serialize};

use super::Subscription;
use crate::render::plain;
use crate::resource::price::Price;
use crate::world::{Id, World};

/// How a subscription stands. `incomplete` and `unpaid` are words of Polar's that nothing leads to any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SubscriptionStatus {
    Trialing,
    Active,
    PastDue,
    Paused,
    Canceled,
}

plain!(SubscriptionStatus);

/// What moves a subscription from one status to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A running one is given a trial.
    BeginTrial,
    /// The trial is over, and the first bill is written.
    EndTrial,
    /// A bill could not be charged.
    FallPastDue,
    /// Nothing is unpaid any more.
    Recover,
    /// The period is over, and the next one has to wait.
    Pause,
    Resume,
    /// Cancelled for the end of its period, revoked, or given up by dunning.
    End,
}

/// Every way from one status to another. There are no others.
const STEPS: &[(SubscriptionStatus, Step, SubscriptionStatus)] = {
    use SubscriptionStatus::{Active, Canceled, PastDue, Paused, Trialing};
    &[
        (Active, Step::BeginTrial, Trialing),
        (Trialing, Step::EndTrial, Active),
        (Trialing, Step::FallPastDue, PastDue),
        (Active, Step::FallPastDue, PastDue),
        (PastDue, Step::Recover, Active),
        (Trialing, Step::Pause, Paused),
        (Active, Step::Pause, Paused),
        (PastDue, Step::Pause, Paused),
        (Paused, Step::Resume, Active),
        (Trialing, Step::End, Canceled),
        (Active, Step::End, Canceled),
        (PastDue, Step::End, Canceled),
        (Paused, Step::End, Canceled),
    ]
};

impl SubscriptionStatus {
    /// Polar's word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Paused => "paused",
            Self::Canceled => "canceled",
        }
    }

    /// True while what was bought may be used.
    pub(super) const fn is_active(self) -> bool {
        matches!(self, Self::Trialing | Self::Active)
    }

    /// Where `step` leads from here; nowhere when it cannot be taken.
    fn after(self, step: Step) -> Option<Self> {
        let known = STEPS
            .iter()
            .find(|(from, by, _)| *from == self && *by == step);
        known.map(|(_, _, to)| *to)
    }
}

impl Subscription {
    /// Takes the step; `false` when it cannot be taken from here, and nothing changes then.
    pub(super) fn step(&mut self, step: Step) -> bool {
        let after = self.status.after(step);
        self.status = after.unwrap_or(self.status);
        after.is_some()
    }

    /// True while its buyer may use what was bought: active or on trial.
    pub(crate) const fn is_active(&self) -> bool {
        self.status.is_active()
    }

    /// True until it has ended.
    pub(crate) const fn is_alive(&self) -> bool {
        !matches!(self.status, SubscriptionStatus::Canceled)
    }

    /// True while it goes on being billed.
    pub(crate) const fn is_billable(&self) -> bool {
        matches!(
            self.status,
            SubscriptionStatus::Trialing | SubscriptionStatus::Active | SubscriptionStatus::PastDue
        )
    }

    /// True when it may be cancelled for the end of its period.
    pub(super) const fn can_cancel(&self) -> bool {
        self.is_billable() && !self.cancel_at_period_end && self.ends_at.is_none()
    }

    /// True when a cancellation can be taken back.
    pub(crate) const fn can_uncancel(&self) -> bool {
        self.is_billable() && self.cancel_at_period_end
    }

    /// True when it rests.
    pub(crate) const fn can_resume(&self) -> bool {
        matches!(self.status, SubscriptionStatus::Paused)
    }

    /// True while a bill may still come: not once it is about to end, unless usage is billed at the end.
    pub(crate) fn needs_card(&self, world: &World) -> bool {
        let by_use = |id: &Id<Price>| world.prices.find(*id).is_some_and(|row| !row.is_static());
        match self.status {
            SubscriptionStatus::Paused => self.resumes_at.is_some(),
            SubscriptionStatus::Canceled => false,
            SubscriptionStatus::PastDue => true,
            SubscriptionStatus::Trialing | SubscriptionStatus::Active => {
                !self.cancel_at_period_end || self.prices.iter().any(by_use)
            }
        }
    }

    /// True when a pause may be planned.
    pub(super) const fn can_pause(&self) -> bool {
        matches!(self.status, SubscriptionStatus::Active)
            && !self.cancel_at_period_end
            && !self.pause_at_period_end
            && self.ends_at.is_none()
    }

    /// True when a planned pause can be taken back.
    pub(super) const fn can_unpause(&self) -> bool {
        matches!(self.status, SubscriptionStatus::Active) && self.pause_at_period_end
    }
}

#[cfg(test)]
mod tests {
    use super::SubscriptionStatus::{Active, Canceled, PastDue, Paused, Trialing};
    use super::*;

    #[test]
    fn what_has_ended_stays_ended() {
        let from_the_end = STEPS.iter().filter(|(from, _, _)| *from == Canceled);
        assert_eq!(from_the_end.count(), 0);
    }

    #[test]
    fn a_step_that_is_not_in_the_table_is_not_taken() {
        for (from, step, to) in [
            (Active, Step::EndTrial, None),
            (Active, Step::Resume, None),
            (Paused, Step::FallPastDue, None),
            (PastDue, Step::BeginTrial, None),
            (PastDue, Step::Recover, Some(Active)),
            (Trialing, Step::EndTrial, Some(Active)),
            (Paused, Step::End, Some(Canceled)),
        ] {
            assert_eq!(from.after(step), to, "{from:?} {step:?}");
        }
    }
}
