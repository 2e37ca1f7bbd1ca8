//! `GET /v1/orders/export`

use super::{Order, list};
use crate::call::Call;
use crate::csv;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

/// What is exported unless the call says otherwise.
const USUAL: &[&str] = &[
    "email",
    "created_at",
    "product",
    "net_amount",
    "currency",
    "status",
    "invoice_number",
];

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let mut columns: Vec<_> = call.query.all("columns").collect();
    if columns.is_empty() {
        columns = USUAL.to_vec();
    }
    let zone = call.query.get("timezone").unwrap_or("UTC").to_owned();
    let heads: Vec<_> = columns.iter().map(|column| csv::title(column)).collect();
    let heads: Vec<_> = heads.iter().map(String::as_str).collect();
    let rows = list::matching(world, call, organization).map(|order| {
        columns
            .iter()
            .map(|column| cell(world, order, column, &zone))
            .collect()
    });
    Ok(csv::file("orders.csv", &heads, rows))
}

fn cell(world: &World, order: &Order, column: &str, zone: &str) -> String {
    let customer = world.customers.find(order.customer);
    let money = |amount| csv::money(amount, &order.currency);
    match column {
        "email" => customer
            .and_then(|row| row.email.clone())
            .unwrap_or_default(),
        "customer_name" => customer
            .and_then(|row| row.name.clone())
            .unwrap_or_default(),
        "created_at" => csv::time(order.created_at, zone),
        "product" => order
            .product
            .and_then(|id| world.products.find(id))
            .map(|row| row.name.clone())
            .unwrap_or_default(),
        "net_amount" => money(order.net_amount()),
        "subtotal_amount" => money(order.subtotal_amount()),
        "discount_amount" => money(order.discount_amount),
        "tax_amount" => money(order.tax_amount),
        "total_amount" => money(order.total_amount()),
        "refunded_amount" => money(order.refunded_amount),
        "currency" => order.currency.clone(),
        "status" => order.status.word().to_owned(),
        "billing_reason" => order.reason.word().to_owned(),
        "invoice_number" => order.invoice_number.clone(),
        "billing_name" => order.billing_name.clone().unwrap_or_default(),
        "billing_country" => order
            .billing_address
            .as_ref()
            .map(|address| address.country.clone())
            .unwrap_or_default(),
        _ => String::new(),
    }
}
