//! `POST` and `GET /v1/orders/{id}/invoice`, `GET /v1/orders/{id}/receipt`

use serde_json::{Value, json};

use super::{Order, OrderStatus, announce, get};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::{Id, Job, World};

/// Asks for the invoice; it is written in the background.
pub(super) fn generate(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let order = get::own(world, call)?;
    if order.status == OrderStatus::Void {
        let detail = format!("Order {} is not eligible for an invoice.", order.id);
        return Err(Failure::named(409, "OrderNotEligibleForInvoice", detail));
    }
    if order.billing_name.is_none() || order.billing_address.is_none() {
        let detail = "Billing name and address are required to generate an invoice.";
        return Err(Failure::named(422, "MissingInvoiceBillingDetails", detail));
    }
    let id = order.id;
    world.agenda.soon(Job::WriteInvoice(id));
    Ok(Value::Null.into())
}

/// The background part of asking: the invoice exists from here on.
pub(crate) fn write(world: &mut World, id: Id<Order>) {
    if let Some(order) = world.orders.find_mut(id) {
        order.invoice_generated = true;
        announce::touch(world, id);
        announce(world, id, &["updated"]);
    }
}

/// Where the invoice is.
pub(super) fn address(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let order = get::own(world, call)?;
    if !order.invoice_generated {
        let detail = format!("No invoice exists for order {}.", order.id);
        return Err(Failure::named(404, "InvoiceDoesNotExist", detail));
    }
    let url = format!(
        "{}/files/Invoice-{}.pdf",
        world.base_url, order.invoice_number
    );
    Ok(json!({"url": url}).into())
}

/// Where the receipt is.
pub(super) fn receipt(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let order = get::own(world, call)?;
    let Some(number) = &order.receipt_number else {
        let detail = format!("No receipt exists for order {}.", order.id);
        return Err(Failure::named(404, "ReceiptNotAllocated", detail));
    };
    Ok(json!({"url": format!("{}/files/Receipt-{number}.pdf", world.base_url)}).into())
}
