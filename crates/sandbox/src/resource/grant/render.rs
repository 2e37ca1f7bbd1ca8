//! A grant on the wire.

use serde_json::{Value, json};

use super::Grant;
use crate::render as wire;
use crate::resource::{benefit, customer, member, organization};
use crate::world::World;

/// The grant as the seller sees it.
pub(crate) fn render(world: &World, grant: &Grant) -> Value {
    let mut shown = brief(grant);
    let customer = world.customers.find(grant.customer);
    let member = grant.member.and_then(|id| world.members.find(id));
    let benefit = world.benefits.find(grant.benefit);
    let more = json!({
        "customer": customer.map(|row| customer::render(world, row)),
        "member": member.map(|row| member::render(world, row)),
        "benefit": benefit.map(|row| benefit::render(world, row)),
        "properties": grant.properties,
    });
    wire::merge(&mut shown, more);
    shown
}

/// The grant as its customer sees it.
pub(crate) fn render_portal(world: &World, grant: &Grant) -> Value {
    let mut shown = brief(grant);
    let benefit = world.benefits.find(grant.benefit).map(|row| {
        let mut shown = benefit::render_public(world, row);
        let organization = world.organizations.find(row.organization);
        let more = json!({
            "organization": organization.map(organization::render_brief),
            "properties": row.kind.public_properties(),
        });
        wire::merge(&mut shown, more);
        shown
    });
    let more = json!({
        "customer": world.customers.find(grant.customer).map(customer::render_portal),
        "benefit": benefit,
        "properties": grant.properties,
    });
    wire::merge(&mut shown, more);
    shown
}

fn brief(grant: &Grant) -> Value {
    let error = grant.error.as_ref().map(|error| {
        json!({
            "message": error.message,
            "type": "BenefitActionRequiredError",
            "timestamp": wire::time(error.at),
        })
    });
    json!({
        "created_at": wire::time(grant.created_at),
        "modified_at": wire::time_or_null(grant.modified_at),
        "id": grant.id,
        "granted_at": wire::time_or_null(grant.granted_at),
        "is_granted": grant.is_granted(),
        "revoked_at": wire::time_or_null(grant.revoked_at),
        "is_revoked": grant.revoked_at.is_some(),
        "subscription_id": grant.subscription(),
        "order_id": grant.order(),
        "customer_id": grant.customer,
        "member_id": grant.member,
        "benefit_id": grant.benefit,
        "error": error,
    })
}
