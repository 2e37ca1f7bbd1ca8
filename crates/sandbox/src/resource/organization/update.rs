//! `PATCH /v1/organizations/{id}`

use serde::Deserialize;
use serde_json::Value;

use super::{PortalSettings, SubscriptionSettings, get, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::render::merge;
use crate::reply::Reply;
use crate::world::World;

/// Nulls leave a setting as it is, so two states are enough here.
#[derive(Deserialize)]
struct Input {
    name: Option<String>,
    avatar_url: Option<String>,
    email: Option<String>,
    website: Option<String>,
    socials: Option<Value>,
    country: Option<String>,
    feature_settings: Option<Value>,
    subscription_settings: Option<SubscriptionSettings>,
    customer_email_settings: Option<Value>,
    customer_portal_settings: Option<PortalSettings>,
    dispute_settings: Option<Value>,
    embed_hosts: Option<Vec<String>>,
    default_presentment_currency: Option<String>,
    default_tax_behavior: Option<String>,
    sso_enforced: Option<bool>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let input: Input = call.input()?;
    let id = get::own(world, call, call.id("id")?)?.id;
    let now = world.stamp();
    let row = world.organizations.get_mut(id)?;
    row.modified_at = Some(now);
    set(&mut row.name, input.name);
    row.avatar_url = input.avatar_url.or(row.avatar_url.take());
    row.email = input.email.or(row.email.take());
    row.website = input.website.or(row.website.take());
    row.country = input.country.or(row.country.take());
    set(&mut row.socials, input.socials);
    set(&mut row.subscriptions, input.subscription_settings);
    set(&mut row.customer_emails, input.customer_email_settings);
    set(&mut row.portal, input.customer_portal_settings);
    set(&mut row.embed_hosts, input.embed_hosts);
    set(&mut row.disputes, input.dispute_settings);
    set(
        &mut row.default_presentment_currency,
        input.default_presentment_currency,
    );
    set(&mut row.default_tax_behavior, input.default_tax_behavior);
    set(&mut row.sso_enforced, input.sso_enforced);
    if let Some(wanted) = input.feature_settings {
        let mut features = serde_json::to_value(&row.features).unwrap_or_default();
        merge(&mut features, wanted);
        row.features = serde_json::from_value(features).unwrap_or_default();
    }
    let shown = render(world, world.organizations.get(id)?).into();
    world.emit(id, "organization.updated", &shown);
    Ok(shown.into())
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
