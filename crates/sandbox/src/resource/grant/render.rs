//! A grant on the wire.

use super::Grant;
use crate::render::{Json, object};
use crate::resource::{benefit, customer, member, organization};
use crate::world::World;

/// The grant as the seller sees it.
pub(crate) fn render(world: &World, grant: &Grant) -> Json {
    let customer = world.customers.find(grant.customer);
    let member = grant.member.and_then(|id| world.members.find(id));
    let benefit = world.benefits.find(grant.benefit);
    object!({
        ..brief(grant),
        "customer": customer.map(|row| customer::render(world, row)),
        "member": member.map(|row| member::render(world, row)),
        "benefit": benefit.map(|row| benefit::render(world, row)),
        "properties": grant.properties,
    })
}

/// The grant as its customer sees it.
pub(crate) fn render_portal(world: &World, grant: &Grant) -> Json {
    let benefit = world.benefits.find(grant.benefit).map(|row| {
        let organization = world.organizations.find(row.organization);
        object!({
            ..benefit::render_public(world, row),
            "organization": organization.map(organization::render_brief),
            "properties": row.kind.public_properties(),
        })
    });
    object!({
        ..brief(grant),
        "customer": world.customers.find(grant.customer).map(customer::render_portal),
        "benefit": benefit,
        "properties": grant.properties,
    })
}

fn brief(grant: &Grant) -> Json {
    let error = grant.error.as_ref().map(|error| {
        object!({
            "message": error.message,
            "type": "BenefitActionRequiredError",
            "timestamp": error.at,
        })
    });
    object!({
        "created_at": grant.created_at,
        "modified_at": grant.modified_at,
        "id": grant.id,
        "granted_at": grant.granted_at,
        "is_granted": grant.is_granted(),
        "revoked_at": grant.revoked_at,
        "is_revoked": grant.revoked_at.is_some(),
        "subscription_id": grant.subscription(),
        "order_id": grant.order(),
        "customer_id": grant.customer,
        "member_id": grant.member,
        "benefit_id": grant.benefit,
        "error": error,
    })
}
