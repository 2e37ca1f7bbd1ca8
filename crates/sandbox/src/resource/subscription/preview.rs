//! `GET /v1/subscriptions/{id}/charge-preview`: the next bill as it stands now.

use serde_json::json;

use super::get;
use crate::billing::Bill;
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource::{order, subscription_meter};
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let row = get::own(world, call)?;
    let base = if row.cancel_at_period_end {
        0
    } else {
        row.base_amount(world)
    };
    let metered = subscription_meter::charges(world, row.id)
        .iter()
        .map(|charge| charge.amount)
        .fold(0, i64::saturating_add);
    let proration = row
        .pending_items
        .iter()
        .map(|item| item.amount)
        .fold(0, i64::saturating_add);
    let discount = row.discount_on(world, base.saturating_add(metered), row.period_end);
    let subtotal = base.saturating_add(metered).saturating_add(proration);
    let customer = world.customers.get(row.customer)?;
    let address = customer.billing_address.as_ref();
    let country = address.map(|address| address.country.as_str());
    let setting = order::tax_setting(world, row.organization, row.prices.first().copied());
    let bill = Bill::new(subtotal, discount, country, setting);
    let balance = customer
        .balances
        .get(&row.currency)
        .copied()
        .unwrap_or_default();
    let applied = (-balance).max(-bill.total);
    let prorations: Vec<_> = row
        .pending_items
        .iter()
        .map(|item| json!({"label": item.label, "amount": item.amount}))
        .collect();
    let shown = json!({
        "base_amount": base,
        "metered_amount": metered,
        "proration_amount": proration,
        "prorations": prorations,
        "subtotal_amount": subtotal,
        "discount_amount": bill.discount,
        "net_amount": bill.net,
        "tax_amount": bill.tax.unwrap_or_default(),
        "total_amount": bill.total,
        "applied_balance_amount": applied,
        "due_amount": (bill.total + applied).max(0),
    });
    Ok(shown.into())
}
