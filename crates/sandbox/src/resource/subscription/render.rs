//! A subscription as the API shows it: whole, and inside an order.

use super::{PendingUpdate, Subscription};
use crate::render::{Json, object};
use crate::resource::{customer, discount, product, subscription_meter};
use crate::world::World;

/// The subscription, whole.
pub(crate) fn render(world: &World, row: &Subscription) -> Json {
    let customer = world.customers.find(row.customer);
    let product = world.products.find(row.product);
    let prices = product::render_prices(world, &row.prices);
    object!({
        ..render_bare(world, row),
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
    })
}

/// The subscription inside an order.
pub(crate) fn render_brief(world: &World, row: &Subscription) -> Json {
    object!({..render_bare(world, row), "metadata": row.metadata})
}

fn render_bare(world: &World, row: &Subscription) -> Json {
    object!({
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "id": row.id,
        "amount": row.amount(world),
        "currency": row.currency,
        "recurring_interval": row.cycle.interval,
        "recurring_interval_count": row.cycle.count,
        "status": row.status,
        "current_period_start": row.period_start,
        "current_period_end": row.period_end,
        "current_meter_period_start": row.meter_period_start,
        "current_meter_period_end": row.meter_period_end,
        "trial_start": row.trial_start,
        "trial_end": row.trial_end,
        "cancel_at_period_end": row.cancel_at_period_end,
        "canceled_at": row.canceled_at,
        "started_at": row.started_at,
        "ends_at": row.ends_at,
        "ended_at": row.ended_at,
        "past_due_at": row.past_due_at,
        "pause_at_period_end": row.pause_at_period_end,
        "paused_at": row.paused_at,
        "resumes_at": row.resumes_at,
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

fn render_update(row: &Subscription, update: &PendingUpdate) -> Json {
    object!({
        "created_at": update.created_at,
        "modified_at": update.modified_at,
        "id": update.id,
        "applies_at": update.applies_at.unwrap_or(row.period_end),
        "product_id": update.product,
        "seats": update.seats,
        "units": update.units,
    })
}
