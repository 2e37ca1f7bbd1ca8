//! An order as the API shows it.

use super::{Order, OrderItem};
use crate::render::{Json, Nothing, object};
use crate::resource::{customer, discount, price, product, subscription};
use crate::world::World;

/// The order, whole.
pub(crate) fn render(world: &World, order: &Order) -> Json {
    let price = order.items.iter().find_map(|item| item.price);
    let facts = object!({
        ..render_amounts(order),
        "currency": order.currency,
        "billing_reason": order.reason.word(),
        "billing_name": order.billing_name,
        "billing_address": order.billing_address,
        "invoice_number": order.invoice_number,
        "is_invoice_generated": order.invoice_generated,
        "receipt_number": order.receipt_number,
        "seats": order.seats,
        "units": order.units,
        "customer_id": order.customer,
        "product_id": order.product,
        // Deprecated, still sent.
        "product_price_id": price,
        "discount_id": order.discount,
        "subscription_id": order.subscription,
        "checkout_id": order.checkout,
        "next_payment_attempt_at": order.next_payment_attempt_at,
        "metadata": order.metadata,
        "custom_field_data": order.custom_field_data,
        "platform_fee_amount": order.platform_fee.unwrap_or_default(),
        "platform_fee_currency": order.platform_fee.map(|_| &order.currency),
    });
    let customer = world.customers.find(order.customer);
    let product = order.product.and_then(|id| world.products.find(id));
    let subscription = order
        .subscription
        .and_then(|id| world.subscriptions.find(id));
    object!({
        ..facts,
        "customer": customer.map(|row| customer::render(world, row)),
        // Deprecated, still sent.
        "user_id": order.customer,
        "user": customer.map(customer::render_user),
        "product": product.map(product::render_brief),
        // Deprecated, still sent.
        "product_price": price.and_then(|id| world.prices.find(id)).map(|row| price::render(world, row)),
        "discount": order.discount.and_then(|id| world.discounts.find(id)).map(|row| discount::render_base(world, row)),
        "subscription": subscription.map(|row| subscription::render_brief(world, row)),
        "items": order.items.iter().map(render_item).collect::<Vec<_>>(),
        "description": description(world, order),
        // Deprecated, still sent.
        "amount": order.net_amount(),
        "from_balance_amount": order.applied_balance,
        "refundable_amount": order.refundable_amount(),
        "refundable_tax_amount": order.refundable_tax(),
    })
}

/// What was bought: the product's name, else the first line.
pub(super) fn description(world: &World, order: &Order) -> String {
    let product = order.product.and_then(|id| world.products.find(id));
    let label = order.items.first().map(|item| &item.label);
    let found = product.map(|row| &row.name).or(label);
    found.cloned().unwrap_or_default()
}

fn render_amounts(order: &Order) -> Json {
    object!({
        "id": order.id,
        "created_at": order.created_at,
        "modified_at": order.modified_at,
        "status": order.status,
        "paid": order.is_paid(),
        "subtotal_amount": order.subtotal_amount(),
        "discount_amount": order.discount_amount,
        "net_amount": order.net_amount(),
        "tax_amount": order.tax_amount,
        "total_amount": order.total_amount(),
        "applied_balance_amount": order.applied_balance,
        "due_amount": order.due_amount(),
        "refunded_amount": order.refunded_amount,
        "refunded_tax_amount": order.refunded_tax,
    })
}

fn render_item(item: &OrderItem) -> Json {
    object!({
        "created_at": item.created_at,
        "modified_at": Nothing,
        "id": item.id,
        "label": item.label,
        "amount": item.amount,
        "tax_amount": 0_i64,
        "proration": item.proration,
        "product_price_id": item.price,
    })
}
