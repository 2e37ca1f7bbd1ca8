//! A subscription as the API shows it: whole, and inside an order.

use serde_json::{Value, json};

use super::{PendingUpdate, Subscription};
use crate::render;
use crate::resource::{customer, discount, product, subscription_meter};
use crate::world::World;

/// The subscription, whole.
pub(crate) fn render(world: &World, row: &Subscription) -> Value {
    let mut shown = render_bare(world, row);
    let customer = world.customers.find(row.customer);
    let product = world.products.find(row.product);
    let prices = product::render_prices(world, &row.prices);
    let more = json!({
        // Deprecated, still sent.
        "price_id": row.prices.first(),
        "metadata": row.metadata,
        "custom_field_data": row.custom_field_data,
        "customer": customer.map(|customer| customer::render(world, customer)),
        // Deprecated, still sent.
        "user_id": row.customer,
        "user": customer.map(customer::render_user),
        "product": product.map(|product| product::render(world, product)),
        "discount": row.discount.and_then(|id| world.discounts.find(id)).map(|row| discount::render_base(world, row)),
        // Deprecated, still sent.
        "price": prices.first(),
        "prices": prices,
        "meters": subscription_meter::render_all(world, row.id),
        "pending_update": row.pending_update.as_ref().map(|update| render_update(row, update)),
    });
    render::merge(&mut shown, more);
    shown
}

/// The subscription inside an order.
pub(crate) fn render_brief(world: &World, row: &Subscription) -> Value {
    let mut shown = render_bare(world, row);
    render::merge(&mut shown, json!({"metadata": row.metadata}));
    shown
}

fn render_bare(world: &World, row: &Subscription) -> Value {
    json!({
        "created_at": render::time(row.created_at),
        "modified_at": render::time_or_null(row.modified_at),
        "id": row.id,
        "amount": row.amount(world),
        "currency": row.currency,
        "recurring_interval": row.cycle.interval,
        "recurring_interval_count": row.cycle.count,
        "status": row.status,
        "current_period_start": render::time(row.period_start),
        "current_period_end": render::time(row.period_end),
        "current_meter_period_start": null,
        "current_meter_period_end": null,
        "trial_start": render::time_or_null(row.trial_start),
        "trial_end": render::time_or_null(row.trial_end),
        "cancel_at_period_end": row.cancel_at_period_end,
        "canceled_at": render::time_or_null(row.canceled_at),
        "started_at": render::time(row.started_at),
        "ends_at": render::time_or_null(row.ends_at),
        "ended_at": render::time_or_null(row.ended_at),
        "past_due_at": render::time_or_null(row.past_due_at),
        "pause_at_period_end": row.pause_at_period_end,
        "paused_at": render::time_or_null(row.paused_at),
        "resumes_at": render::time_or_null(row.resumes_at),
        "customer_id": row.customer,
        "product_id": row.product,
        "discount_id": row.discount,
        "checkout_id": row.checkout,
        "seats": row.seats,
        "units": row.units,
        "customer_cancellation_reason": row.cancellation_reason,
        "customer_cancellation_comment": row.cancellation_comment,
    })
}

fn render_update(row: &Subscription, update: &PendingUpdate) -> Value {
    json!({
        "created_at": render::time(update.created_at),
        "modified_at": render::time_or_null(update.modified_at),
        "id": update.id,
        "applies_at": render::time(update.applies_at.unwrap_or(row.period_end)),
        "product_id": update.product,
        "seats": update.seats,
        "units": update.units,
    })
}
