//! `PATCH /v1/organizations/{id}`

use polarkit_model::Patch;
use serde::Deserialize;
use serde_json::Value;

use super::{Organization, PortalSettings, SubscriptionSettings, get, hosts, render, rules};
use crate::call::Call;
use crate::failure::Failure;
use crate::render::{Json, merge};
use crate::reply::Reply;
use crate::world::World;

/// Null clears what may be missing, and leaves every other setting as it is.
#[derive(Deserialize)]
pub(super) struct Input {
    name: Option<String>,
    #[serde(default)]
    avatar_url: Patch<String>,
    #[serde(default)]
    email: Patch<String>,
    #[serde(default)]
    website: Patch<String>,
    socials: Option<Value>,
    #[serde(default)]
    country: Patch<String>,
    pub(super) feature_settings: Option<Value>,
    pub(super) subscription_settings: Option<SubscriptionSettings>,
    customer_email_settings: Option<Value>,
    customer_portal_settings: Option<PortalSettings>,
    pub(super) dispute_settings: Option<Value>,
    embed_hosts: Option<Vec<String>>,
    pub(super) default_presentment_currency: Option<String>,
    default_tax_behavior: Option<String>,
    pub(super) sso_enforced: Option<bool>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let input: Input = call.input()?;
    let mut row = get::own(world, call, call.id("id")?)?.clone();
    let hosts = input
        .embed_hosts
        .as_deref()
        .map(hosts::checked)
        .transpose()?;
    rules::check(world, &row, &input)?;
    set(&mut row.embed_hosts, hosts);
    write(&mut row, input)?;
    row.modified_at = Some(world.stamp());
    let id = row.id;
    *world.organizations.get_mut(id)? = row;
    let shown = Json::from(render(world, world.organizations.get(id)?));
    world.emit(id, "organization.updated", &shown);
    Ok(shown.into())
}

fn write(row: &mut Organization, input: Input) -> Result<(), Failure> {
    set(&mut row.name, input.name);
    input.avatar_url.apply(&mut row.avatar_url);
    input.email.apply(&mut row.email);
    input.website.apply(&mut row.website);
    input.country.apply(&mut row.country);
    set(&mut row.socials, input.socials);
    set(&mut row.subscriptions, input.subscription_settings);
    set(&mut row.customer_emails, input.customer_email_settings);
    set(&mut row.portal, input.customer_portal_settings);
    if let Some(wanted) = input.dispute_settings {
        merge(&mut row.disputes, wanted);
    }
    let currency = input.default_presentment_currency;
    set(&mut row.default_presentment_currency, currency);
    set(&mut row.default_tax_behavior, input.default_tax_behavior);
    set(&mut row.sso_enforced, input.sso_enforced);
    if let Some(wanted) = input.feature_settings {
        row.features = rules::features(&row.features, &wanted)?;
    }
    Ok(())
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
