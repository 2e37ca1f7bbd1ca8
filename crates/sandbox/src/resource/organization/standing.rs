//! How Polar's staff sees an organization, and what it may do for that.

use serde::{Deserialize, Serialize};

use super::Organization;
use crate::resource::{order, subscription};
use crate::world::{Id, World};

/// Polar's word for how an organization stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrganizationStatus {
    Created,
    Review,
    Snoozed,
    #[default]
    Active,
    Denied,
    Blocked,
    Offboarding,
    Offboarded,
}

/// What an organization may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "Polar's own list of switches, as it stands on the wire"
)]
pub(crate) struct Capabilities {
    pub(crate) checkout_payments: bool,
    pub(crate) subscription_renewals: bool,
    pub(crate) payouts: bool,
    pub(crate) refunds: bool,
    pub(crate) api_access: bool,
    pub(crate) dashboard_access: bool,
}

impl OrganizationStatus {
    /// What an organization of this status may do.
    pub(crate) const fn capabilities(self) -> Capabilities {
        let (sells, pays_out, enters) = match self {
            Self::Review | Self::Snoozed | Self::Active => (true, true, true),
            Self::Offboarding => (true, false, true),
            Self::Offboarded => (false, true, true),
            Self::Created | Self::Denied => (false, false, true),
            Self::Blocked => (false, false, false),
        };
        Capabilities {
            checkout_payments: sells,
            subscription_renewals: sells,
            payouts: pays_out,
            refunds: sells,
            api_access: enters,
            dashboard_access: enters,
        }
    }
}

/// What the organization may do; nothing, when there is none.
pub(crate) fn capabilities(world: &World, id: Id<Organization>) -> Capabilities {
    let row = world.organizations.find(id);
    let status = row.map_or(OrganizationStatus::Blocked, |row| row.status);
    status.capabilities()
}

/// Staff decides. Renewals that came due while they were not allowed happen now.
pub(crate) fn set_status(world: &mut World, id: Id<Organization>, status: OrganizationStatus) {
    let renewed = capabilities(world, id).subscription_renewals;
    if let Some(row) = world.organizations.find_mut(id) {
        row.status = status;
    }
    if status.capabilities().subscription_renewals && !renewed {
        subscription::catch_up(world, id);
        order::catch_up(world, id);
    }
}
