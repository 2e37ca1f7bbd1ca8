//! When a change takes effect, and how it is paid.

use serde::Deserialize;

use super::Subscription;
use crate::failure::{Failure, Flaw};
use crate::world::World;

/// Polar's four ways to change what is subscribed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Behavior {
    /// Now; the difference is on the next bill.
    Prorate,
    /// Now; the difference is charged at once.
    Invoice,
    /// At the next period.
    NextPeriod,
    /// Now, at the full price, with a new period.
    Reset,
}

impl Behavior {
    /// Polar's word for it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Prorate => "prorate",
            Self::Invoice => "invoice",
            Self::NextPeriod => "next_period",
            Self::Reset => "reset",
        }
    }

    /// True when it is paid at once.
    pub(super) const fn is_immediate(self) -> bool {
        matches!(self, Self::Invoice | Self::Reset)
    }

    /// What is asked for, or what the organization does unless it is asked. Resetting is for those who
    /// were given it.
    pub(super) fn chosen(
        world: &World,
        row: &Subscription,
        asked: Option<Self>,
    ) -> Result<Self, Failure> {
        let organization = world.organizations.get(row.organization)?;
        if asked == Some(Self::Reset) && !organization.features.reset_proration_behavior_enabled {
            let message = "The 'reset' proration behavior is not enabled for this organization.";
            let flaw = Flaw::field("proration_behavior", message, "reset");
            return Err(Failure::refused(flaw));
        }
        let usual = match organization.subscriptions.proration_behavior.as_str() {
            "invoice" => Self::Invoice,
            "next_period" => Self::NextPeriod,
            "reset" => Self::Reset,
            _ => Self::Prorate,
        };
        Ok(asked.unwrap_or(usual))
    }
}
