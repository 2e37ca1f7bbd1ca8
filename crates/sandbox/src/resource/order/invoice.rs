//! `POST` and `GET /v1/orders/{id}/invoice`, `GET /v1/orders/{id}/receipt`

use serde_json::{Value, json};

use super::{Order, OrderStatus, announce, document, get};
use crate::billing::Address;
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::{Id, Job, World};

/// Asks for the invoice; it is written in the background, and again only when it would name somebody else.
pub(super) fn generate(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let order = get::own(world, call)?;
    if matches!(order.status, OrderStatus::Draft | OrderStatus::Void) {
        let (id, status) = (order.id, order.status.word());
        let detail = format!(
            "Order {id} is not eligible for invoice generation (current status: {status})."
        );
        return Err(Failure::named(409, "OrderNotEligibleForInvoice", detail));
    }
    if order.billing_name.is_none() || order.billing_address.is_none() {
        let detail = "Billing name and address are required to generate an invoice for this order.";
        return Err(Failure::named(422, "MissingInvoiceBillingDetails", detail));
    }
    if order.invoiced_to.as_ref() != Some(&invoiced_to(order)) {
        let id = order.id;
        world.agenda.soon(Job::WriteInvoice(id));
    }
    Ok(Value::Null.into())
}

/// The background part of asking: the invoice exists from here on.
pub(crate) fn write(world: &mut World, id: Id<Order>) {
    if let Some(order) = world.orders.find_mut(id) {
        order.invoice_generated = true;
        order.invoiced_to = Some(invoiced_to(order));
        announce::touch(world, id);
        announce(world, id, &["updated"]);
    }
}

fn invoiced_to(order: &Order) -> (Option<String>, Option<Address>) {
    (order.billing_name.clone(), order.billing_address.clone())
}

/// Where the invoice is.
pub(super) fn address(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let order = get::own(world, call)?;
    if !order.invoice_generated {
        let detail = format!("No invoice exists for order {}.", order.id);
        return Err(Failure::named(404, "InvoiceDoesNotExist", detail));
    }
    let url = document::invoice_address(world, order);
    Ok(json!({"url": url}).into())
}

/// Where the receipt is.
pub(super) fn receipt(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let order = get::own(world, call)?;
    let Some(number) = &order.receipt_number else {
        let detail = format!("No receipt allocated for order {}.", order.id);
        return Err(Failure::named(404, "ReceiptNotAllocated", detail));
    };
    let url = document::receipt_address(world, order, number);
    Ok(json!({"url": url}).into())
}
