//! What an organization may choose, with the choices of a new one.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How subscriptions behave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SubscriptionSettings {
    pub(crate) allow_multiple_subscriptions: bool,
    /// `invoice`, `prorate` or `next_period`.
    pub(crate) proration_behavior: String,
    /// Whole days during which a past-due subscription keeps its benefits.
    pub(crate) benefit_revocation_grace_period: i64,
    pub(crate) prevent_trial_abuse: bool,
    pub(crate) allow_customer_updates: bool,
}

impl Default for SubscriptionSettings {
    fn default() -> Self {
        Self {
            allow_multiple_subscriptions: false,
            proration_behavior: "prorate".to_owned(),
            benefit_revocation_grace_period: 0,
            prevent_trial_abuse: false,
            allow_customer_updates: true,
        }
    }
}

/// Which parts of Polar are switched on. The member model and seats are, for every new organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "Polar's own list of switches, as it stands on the wire"
)]
pub(crate) struct Features {
    pub(crate) issue_funding_enabled: bool,
    pub(crate) seat_based_pricing_enabled: bool,
    #[serde(default)]
    pub(crate) unit_based_pricing_enabled: bool,
    pub(crate) wallets_enabled: bool,
    pub(crate) member_model_enabled: bool,
    pub(crate) checkout_localization_enabled: bool,
    pub(crate) overview_metrics: Option<Vec<String>>,
    pub(crate) reset_proration_behavior_enabled: bool,
    pub(crate) off_session_charges_enabled: bool,
    pub(crate) meter_cycling_enabled: bool,
    pub(crate) slack_benefit_enabled: bool,
    pub(crate) preview_access_enabled: bool,
    pub(crate) disputes_enabled: bool,
    pub(crate) sso_enabled: bool,
    pub(crate) dispute_auto_accept_enabled: bool,
    pub(crate) compass_enabled: bool,
    pub(crate) merchant_migration_enabled: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            issue_funding_enabled: false,
            seat_based_pricing_enabled: true,
            unit_based_pricing_enabled: false,
            wallets_enabled: false,
            member_model_enabled: true,
            checkout_localization_enabled: false,
            overview_metrics: None,
            reset_proration_behavior_enabled: false,
            off_session_charges_enabled: false,
            meter_cycling_enabled: false,
            slack_benefit_enabled: false,
            preview_access_enabled: false,
            disputes_enabled: false,
            sso_enabled: false,
            dispute_auto_accept_enabled: false,
            compass_enabled: false,
            merchant_migration_enabled: false,
        }
    }
}

/// What customers may see and do in the portal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PortalSettings {
    pub(crate) usage: PortalUsage,
    pub(crate) subscription: PortalSubscription,
    #[serde(default)]
    pub(crate) customer: PortalCustomer,
}

/// Whether usage is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PortalUsage {
    pub(crate) show: bool,
}

impl Default for PortalUsage {
    fn default() -> Self {
        Self { show: true }
    }
}

/// What a customer may change of a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PortalSubscription {
    pub(crate) update_seats: bool,
    pub(crate) update_plan: bool,
    #[serde(default)]
    pub(crate) pause: bool,
}

impl Default for PortalSubscription {
    fn default() -> Self {
        Self {
            update_seats: true,
            update_plan: true,
            pause: false,
        }
    }
}

/// What a customer may change of the profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PortalCustomer {
    #[serde(default)]
    pub(crate) allow_email_change: bool,
}

/// Every e-mail to customers switched on.
pub(super) fn all_emails() -> Value {
    json!({
        "order_confirmation": true,
        "payment_method_expiration_reminder": true,
        "subscription_cancellation": true,
        "subscription_confirmation": true,
        "subscription_cycled": true,
        "subscription_cycled_after_trial": true,
        "subscription_past_due": true,
        "subscription_paused": true,
        "subscription_resumed": true,
        "subscription_renewal_reminder": true,
        "subscription_revoked": true,
        "subscription_trial_conversion_reminder": true,
        "subscription_uncanceled": true,
        "subscription_updated": true,
    })
}
