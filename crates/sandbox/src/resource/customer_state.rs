//! Customer state: all that a customer may use, in one object.

use serde_json::{Value, json};

use crate::call::{Call, Handler};
use crate::failure::Failure;
use crate::render;
use crate::reply::Reply;
use crate::resource::customer::{self, Customer};
use crate::resource::grant::{self, Grant};
use crate::resource::subscription::Subscription;
use crate::resource::{customer_meter, subscription, subscription_meter};
use crate::world::{Id, World};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("customers:get_state", by_id),
    ("customers:get_state_external", by_external_id),
];

/// What the state tells of a subscription.
const SUBSCRIPTION: [&str; 19] = [
    "id",
    "created_at",
    "modified_at",
    "custom_field_data",
    "metadata",
    "status",
    "amount",
    "currency",
    "recurring_interval",
    "current_period_start",
    "current_period_end",
    "trial_start",
    "trial_end",
    "cancel_at_period_end",
    "canceled_at",
    "started_at",
    "ends_at",
    "product_id",
    "discount_id",
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
pub(crate) fn render(world: &World, customer: &Customer) -> Value {
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
    let mut shown = customer::render(world, customer);
    let more = json!({
        "active_subscriptions": subscriptions,
        "granted_benefits": grants,
        "active_meters": meters,
    });
    render::merge(&mut shown, more);
    shown
}

fn render_subscription(world: &World, row: &Subscription) -> Value {
    let meters: Vec<_> = subscription_meter::of(world, row.id)
        .map(subscription_meter::render_brief)
        .collect();
    let mut shown = subscription::render(world, row);
    if let Some(shown) = shown.as_object_mut() {
        shown.retain(|key, _| SUBSCRIPTION.contains(&key.as_str()));
    }
    render::merge(&mut shown, json!({"meters": meters}));
    shown
}

fn render_grant(world: &World, row: &Grant) -> Option<Value> {
    let benefit = world.benefits.find(row.benefit)?;
    Some(json!({
        "id": row.id,
        "created_at": render::time(row.created_at),
        "modified_at": render::time_or_null(row.modified_at),
        "granted_at": render::time_or_null(row.granted_at),
        "benefit_id": row.benefit,
        "benefit_type": benefit.kind.name(),
        "benefit_metadata": benefit.metadata,
        "properties": row.properties,
    }))
}
