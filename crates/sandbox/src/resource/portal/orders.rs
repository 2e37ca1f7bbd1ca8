//! `/v1/customer-portal/orders/`: the seller's rules, seen and used by the customer.

use serde_json::{Value, json};

use super::Visitor;
use super::subscriptions::render_product;
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys};
use crate::render::{self, object};
use crate::reply::Reply;
use crate::resource::order::{self, Order};
use crate::resource::payment_method::Decline;
use crate::resource::subscription;
use crate::world::World;

/// What only the seller sees.
const HIDDEN: [&str; 7] = [
    "metadata",
    "custom_field_data",
    "customer",
    "user",
    "discount",
    "platform_fee_amount",
    "platform_fee_currency",
];

const SORTS: &SortKeys<Order> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("amount", |_, row| SortKey::Number(row.net_amount())),
    ("net_amount", |_, row| SortKey::Number(row.net_amount())),
    ("product", |world, row| {
        let product = row.product.and_then(|id| world.products.find(id));
        product.map_or(SortKey::Absent, |product| SortKey::text(&product.name))
    }),
    ("subscription", |_, row| {
        row.subscription
            .map_or(SortKey::Absent, |id| SortKey::owned(id.to_string()))
    }),
];

pub(super) fn list(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::with_billing(world, call)?;
    let query = &call.query;
    let billing_type = |row: &Order| {
        let product = row.product.and_then(|id| world.products.find(id));
        product.map(|product| match product.cycle {
            Some(_) => "recurring",
            None => "one_time",
        })
    };
    let rows = world
        .orders
        .of(visitor.customer)
        .filter(|row| query.allows_some("product_id", row.product))
        .filter(|row| query.allows_some("product_billing_type", billing_type(row)))
        .filter(|row| query.allows_some("subscription_id", row.subscription))
        .filter(|row| {
            let product = row.product.and_then(|id| world.products.find(id));
            query.finds("query", product.map(|product| product.name.as_str()))
        })
        .collect();
    Ok(list::page(world, call, rows, SORTS, render))
}

pub(super) fn get(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    Ok(render(world, own(world, call)?.1).into())
}

pub(super) fn update(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let (visitor, row) = own(world, call)?;
    let id = row.id;
    visitor.as_seller(world, call, "orders:update", call.body.clone())?;
    Ok(render(world, world.orders.get(id)?).into())
}

pub(super) fn generate_invoice(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let (visitor, _) = own(world, call)?;
    visitor.as_seller(world, call, "orders:generate_invoice", Value::Null)
}

pub(super) fn invoice(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let (visitor, _) = own(world, call)?;
    visitor.as_seller(world, call, "orders:invoice", Value::Null)
}

pub(super) fn receipt(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let (visitor, _) = own(world, call)?;
    visitor.as_seller(world, call, "orders:receipt", Value::Null)
}

/// How the latest attempt to charge the order went.
pub(super) fn payment_status(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let (_, row) = own(world, call)?;
    let latest = world.payments.of(row.id).next_back();
    let status = match latest.map(|payment| payment.status) {
        Some(status) => json!(status),
        None => json!("no_payment"),
    };
    let error = latest.and_then(|payment| payment.decline);
    let error = error.map(Decline::message);
    Ok(json!({"status": status, "error": error}).into())
}

/// The order in the path, if the visitor pays for it.
pub(super) fn own<'w>(world: &'w World, call: &Call) -> Result<(Visitor, &'w Order), Failure> {
    let visitor = Visitor::with_billing(world, call)?;
    let row = world.orders.get(call.id("id")?)?;
    if row.customer != visitor.customer {
        return Err(Failure::not_found());
    }
    Ok((visitor, row))
}

fn render(world: &World, row: &Order) -> Value {
    let mut shown = order::render(world, row).value();
    if let Some(shown) = shown.as_object_mut() {
        shown.retain(|key, _| !HIDDEN.contains(&key.as_str()));
    }
    let product = row.product.and_then(|id| world.products.find(id));
    let subscription = row.subscription.and_then(|id| world.subscriptions.find(id));
    let more = object!({
        "product": product.map(|row| render_product(world, row)),
        "subscription": subscription.map(|row| subscription::render_brief(world, row)),
    });
    render::merge(&mut shown, more.value());
    shown
}
