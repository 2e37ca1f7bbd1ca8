//! Customer state: all that a customer may use, in one object.

use crate::call::{Call, Handler};
use crate::failure::Failure;
use crate::render::{Json, object};
use crate::reply::Reply;
use crate::resource::customer::{self, Customer};
use crate::resource::grant::{self, Grant};
use crate::resource::subscription::Subscription;
use crate::resource::{customer_meter, subscription_meter};
use crate::world::{Id, World};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("customers:get_state", by_id),
    ("customers:get_state_external", by_external_id),
];

fn by_id(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let customer = customer::get(world, call.organization()?, call.id("id")?)?;
    Ok(render(world, customer).into())
}

fn by_external_id(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let external_id = call.text("external_id")?;
    let customer = customer::by_external_id(world, call.organization()?, external_id)
        .ok_or_else(Failure::not_found)?;
    Ok(render(world, customer).into())
}

/// Emits `customer.state_changed`. Plan `Job::CustomerStateChanged` with `agenda.when_quiet`, so that
/// several changes become one announcement.
pub(crate) fn announce(world: &mut World, customer: Id<Customer>) {
    let Some(row) = world.customers.find(customer) else {
        return;
    };
    let organization = row.organization;
    world.emit_with(organization, "customer.state_changed", |world| {
        world.customers.find(customer).map(|row| render(world, row))
    });
}

/// The state: the customer and what is theirs now.
pub(crate) fn render(world: &World, customer: &Customer) -> Json {
    let subscriptions: Vec<_> = world
        .subscriptions
        .of(customer.id)
        .filter(|row| row.is_active())
        .map(|row| render_subscription(world, row))
        .collect();
    let grants: Vec<_> = grant::granted_to(world, customer.id)
        .filter_map(|row| render_grant(world, row))
        .collect();
    let meters: Vec<_> = customer_meter::active(world, customer.id)
        .map(customer_meter::render_brief)
        .collect();
    object!({
        ..customer::render(world, customer),
        "active_subscriptions": subscriptions,
        "granted_benefits": grants,
        "active_meters": meters,
    })
}

fn render_subscription(world: &World, row: &Subscription) -> Json {
    let meters: Vec<_> = subscription_meter::of(world, row.id)
        .map(subscription_meter::render_brief)
        .collect();
    object!({
        "id": row.id,
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "custom_field_data": row.custom_field_data,
        "metadata": row.metadata,
        "status": row.status,
        "amount": row.amount(world),
        "currency": row.currency,
        "recurring_interval": row.cycle.interval,
        "current_period_start": row.period_start,
        "current_period_end": row.period_end,
        "trial_start": row.trial_start,
        "trial_end": row.trial_end,
        "cancel_at_period_end": row.cancel_at_period_end,
        "canceled_at": row.canceled_at,
        "started_at": row.started_at,
        "ends_at": row.ends_at,
        "product_id": row.product,
        "discount_id": row.discount,
        "meters": meters,
    })
}

fn render_grant(world: &World, row: &Grant) -> Option<Json> {
    let benefit = world.benefits.find(row.benefit)?;
    Some(object!({
        "id": row.id,
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "granted_at": row.granted_at,
        "benefit_id": row.benefit,
        "benefit_type": benefit.kind.name(),
        "benefit_metadata": benefit.metadata,
        "properties": row.properties,
    }))
}
