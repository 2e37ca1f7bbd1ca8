//! `GET /v1/subscriptions/export`

use jiff::Timestamp;

use super::{Subscription, list};
use crate::call::Call;
use crate::csv;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

/// What is exported unless the call says otherwise.
const USUAL: &[&str] = &[
    "email",
    "started_at",
    "product",
    "amount",
    "currency",
    "status",
    "recurring_interval",
];

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let mut columns: Vec<_> = call.query.all("columns").collect();
    if columns.is_empty() {
        columns = USUAL.to_vec();
    }
    let zone = call.query.get("timezone").unwrap_or("UTC").to_owned();
    let heads: Vec<_> = columns.iter().map(|column| csv::title(column)).collect();
    let heads: Vec<_> = heads.iter().map(String::as_str).collect();
    let rows = list::matching(world, call)?.into_iter().map(|row| {
        columns
            .iter()
            .map(|column| cell(world, row, column, &zone).unwrap_or_default())
            .collect()
    });
    Ok(csv::file("subscriptions.csv", &heads, rows))
}

fn cell(world: &World, row: &Subscription, column: &str, zone: &str) -> Option<String> {
    let customer = world.customers.find(row.customer);
    let time = |moment: Option<Timestamp>| moment.map(|moment| csv::time(moment, zone));
    match column {
        "email" => customer?.email.clone(),
        "customer_name" => customer?.name.clone(),
        "billing_name" => customer?.billing_name.clone(),
        "billing_country" => Some(customer?.billing_address.as_ref()?.country.clone()),
        "product" => Some(world.products.find(row.product)?.name.clone()),
        "amount" => Some(csv::money(row.base_amount(world))),
        "net_amount" => Some(csv::money(row.amount(world))),
        "discount" => Some(world.discounts.find(row.discount?)?.name.clone()),
        "currency" => Some(row.currency.clone()),
        "status" => Some(row.status.word().to_owned()),
        "recurring_interval" => Some(row.cycle.interval.word().to_owned()),
        "seats" => row.seats.map(|seats| seats.to_string()),
        "started_at" => time(Some(row.started_at)),
        "current_period_start" => time(Some(row.period_start)),
        "current_period_end" => time(Some(row.period_end)),
        "cancel_at_period_end" => Some(row.cancel_at_period_end.to_string()),
        "canceled_at" => time(row.canceled_at),
        "ends_at" => time(row.ends_at),
        "ended_at" => time(row.ended_at),
        "cancellation_reason" => row.cancellation_reason.clone(),
        "trial_start" => time(row.trial_start),
        "trial_end" => time(row.trial_end),
        _ => None,
    }
}
