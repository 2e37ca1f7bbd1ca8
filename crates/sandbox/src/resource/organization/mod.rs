//! The organization that sells.

mod get;
mod hosts;
mod list;
mod rules;
mod settings;
mod standing;
mod switch;
mod update;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) use settings::{Features, PortalSettings, SubscriptionSettings};
pub(crate) use standing::{OrganizationStatus, capabilities, set_status};
pub(crate) use switch::switch_features;

use crate::call::Handler;
use crate::render;
use crate::world::{Id, World, found_by};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("organizations:list", list::handle),
    ("organizations:get", get::handle),
    ("organizations:update", update::handle),
];

/// One row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Organization {
    pub(crate) id: Id<Self>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) status: OrganizationStatus,
    pub(crate) name: String,
    /// Its place in portal addresses; never changes.
    pub(crate) slug: String,
    pub(crate) avatar_url: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) website: Option<String>,
    pub(crate) socials: Value,
    pub(crate) country: Option<String>,
    pub(crate) default_presentment_currency: String,
    /// `location`, `inclusive` or `exclusive`.
    pub(crate) default_tax_behavior: String,
    pub(crate) features: Features,
    pub(crate) subscriptions: SubscriptionSettings,
    pub(crate) portal: PortalSettings,
    /// Which e-mails go to customers; kept and shown, since the sandbox sends none.
    pub(crate) customer_emails: Value,
    pub(crate) disputes: Value,
    pub(crate) embed_hosts: Vec<String>,
    pub(crate) sso_enforced: bool,
}

found_by!(Organization:);

/// Adds an organization that may sell at once, with the settings Polar gives to a new one.
pub(crate) fn create(world: &mut World, name: &str, slug: &str) -> Id<Organization> {
    let id = world.chance.id();
    let created_at = world.stamp();
    world.organizations.insert(
        id,
        Organization {
            id,
            created_at,
            modified_at: None,
            status: OrganizationStatus::Active,
            name: name.to_owned(),
            slug: slug.to_owned(),
            avatar_url: None,
            email: None,
            website: None,
            socials: json!([]),
            country: Some("US".to_owned()),
            default_presentment_currency: "usd".to_owned(),
            default_tax_behavior: "location".to_owned(),
            features: Features::default(),
            subscriptions: SubscriptionSettings::default(),
            portal: PortalSettings::default(),
            customer_emails: settings::all_emails(),
            disputes: json!({"auto_accept_below_amount": null}),
            embed_hosts: Vec::new(),
            sso_enforced: false,
        },
    );
    id
}

/// The organization as its own tokens see it.
pub(crate) fn render(_world: &World, organization: &Organization) -> Value {
    let mut shown = render_brief(organization);
    let more = json!({
        "email": organization.email,
        "website": organization.website,
        "socials": organization.socials,
        "status": organization.status,
        "details_submitted_at": render::time(organization.created_at),
        "onboarding_resubmission_requested_at": null,
        "sso_enforced": organization.sso_enforced,
        "default_presentment_currency": organization.default_presentment_currency,
        "default_tax_behavior": organization.default_tax_behavior,
        "feature_settings": organization.features,
        "subscription_settings": organization.subscriptions,
        "customer_email_settings": organization.customer_emails,
        "customer_portal_settings": organization.portal,
        "dispute_settings": organization.disputes,
        "embed_hosts": organization.embed_hosts,
        "embed_hosts_enforced": true,
        "country": organization.country,
        "account_id": null,
        "payout_account_id": null,
        "capabilities": organization.status.capabilities(),
    });
    render::merge(&mut shown, more);
    shown
}

/// The organization as the portal and its customers see it.
pub(crate) fn render_public(organization: &Organization) -> Value {
    let mut shown = render_brief(organization);
    let more = json!({
        "customer_portal_settings": organization.portal,
        "organization_features": {
            "member_model_enabled": organization.features.member_model_enabled,
            "checkout_localization_enabled": organization.features.checkout_localization_enabled,
        },
    });
    render::merge(&mut shown, more);
    shown
}

/// What every view of the organization has.
pub(crate) fn render_brief(organization: &Organization) -> Value {
    json!({
        "created_at": render::time(organization.created_at),
        "modified_at": render::time_or_null(organization.modified_at),
        "id": organization.id,
        "name": organization.name,
        "slug": organization.slug,
        "avatar_url": organization.avatar_url,
        "proration_behavior": organization.subscriptions.proration_behavior,
        "allow_customer_updates": organization.subscriptions.allow_customer_updates,
    })
}
