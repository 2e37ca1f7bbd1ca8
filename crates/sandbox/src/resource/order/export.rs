//! `GET /v1/orders/export`

use jiff::tz::TimeZone;

use super::{Order, list, render};
use crate::call::Call;
use crate::csv;
use crate::failure::{Failure, Flaw};
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

/// The heads of columns that are not their names in capitals.
const HEADS: &[(&str, &str)] = &[
    ("subtotal_amount", "Subtotal"),
    ("discount_amount", "Discount"),
    ("tax_amount", "Tax"),
    ("total_amount", "Total"),
    ("invoice_number", "Invoice number"),
];

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let mut columns: Vec<_> = call.query.all("columns").collect();
    if columns.is_empty() {
        columns = USUAL.to_vec();
    }
    let zone = zone(call.query.get("timezone").unwrap_or("UTC"))?;
    let heads: Vec<_> = columns.iter().map(|column| head(column)).collect();
    let heads: Vec<_> = heads.iter().map(String::as_str).collect();
    let mut orders = list::matching(world, call)?;
    orders.sort_by_key(|order| std::cmp::Reverse(order.created_at));
    let rows = orders.into_iter().map(|order| {
        columns
            .iter()
            .map(|column| cell(world, order, column, &zone))
            .collect()
    });
    Ok(csv::file(&name(call, &zone), &heads, rows))
}

fn zone(name: &str) -> Result<TimeZone, Failure> {
    TimeZone::get(name).map_err(|_unknown| {
        Failure::Malformed(vec![Flaw {
            kind: "value_error",
            at: vec!["query".into(), "timezone".into()],
            message: format!("Value error, '{name}' is not a valid IANA time zone"),
            input: name.into(),
            context: None,
        }])
    })
}

/// The file's name, with the days it begins and ends.
fn name(call: &Call, zone: &TimeZone) -> String {
    let bounds = ["created_after", "created_before"];
    let days = bounds.iter().filter_map(|bound| call.query.time(bound));
    let days = days.map(|moment| {
        moment
            .to_zoned(zone.clone())
            .strftime("-%Y-%m-%d")
            .to_string()
    });
    format!("polar-orders{}.csv", days.collect::<String>())
}

fn head(column: &str) -> String {
    if let Some((_, head)) = HEADS.iter().find(|(name, _)| *name == column) {
        return (*head).to_owned();
    }
    let words: Vec<_> = column.split('_').map(csv::title).collect();
    words.join(" ")
}

fn cell(world: &World, order: &Order, column: &str, zone: &TimeZone) -> String {
    let customer = world.customers.find(order.customer);
    let money = csv::money;
    match column {
        "email" => customer
            .and_then(|row| row.email.clone())
            .unwrap_or_default(),
        "customer_name" => customer
            .and_then(|row| row.name.clone())
            .unwrap_or_default(),
        "created_at" => {
            let moment = order.created_at.to_zoned(zone.clone());
            let fraction = match moment.subsec_nanosecond() {
                0 => "",
                _ => "%.6f",
            };
            let form = format!("%Y-%m-%dT%H:%M:%S{fraction}%:z");
            moment.strftime(&form).to_string()
        }
        "product" => render::description(world, order),
        "net_amount" => money(order.net_amount()),
        "subtotal_amount" => money(order.subtotal_amount()),
        "discount_amount" => money(order.discount_amount),
        "tax_amount" => money(order.tax_amount),
        "total_amount" => money(order.total_amount()),
        "refunded_amount" => money(order.refunded_amount),
        "currency" => order.currency.clone(),
        "status" => order.status.word().to_owned(),
        "billing_reason" => order.reason.word().to_owned(),
        "invoice_number" => order.invoice_number.clone().unwrap_or_default(),
        "billing_name" => order.billing_name.clone().unwrap_or_default(),
        "billing_country" => order
            .billing_address
            .as_ref()
            .map(|address| address.country.clone())
            .unwrap_or_default(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::head;

    #[test]
    fn heads_are_polar_s() {
        for (column, wanted) in [
            ("created_at", "Created At"),
            ("net_amount", "Net Amount"),
            ("tax_amount", "Tax"),
            ("invoice_number", "Invoice number"),
            ("billing_reason", "Billing Reason"),
        ] {
            assert_eq!(head(column), wanted);
        }
    }
}
