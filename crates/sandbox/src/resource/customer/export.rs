//! `GET /v1/customers/export`

use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Customer, TaxId};
use crate::call::Call;
use crate::csv;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

const HEAD: &[&str] = &[
    "ID",
    "External ID",
    "Created At",
    "Email",
    "Name",
    "Tax ID",
    "Billing Address Line 1",
    "Billing Address Line 2",
    "Billing Address City",
    "Billing Address State",
    "Billing Address Zip",
    "Billing Address Country",
    "Metadata",
];

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let rows = world
        .living(organization)
        .filter(|row| call.query.allows("organization_id", row.organization))
        .map(|row| {
            let address = row.billing_address.as_ref();
            let part = |name| {
                let part = address.and_then(|address| address.part(name));
                part.unwrap_or_default().to_owned()
            };
            vec![
                row.id.to_string(),
                row.external_id.clone().unwrap_or_default(),
                row.created_at
                    .to_zoned(TimeZone::UTC)
                    .strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00")
                    .to_string(),
                row.email.clone().unwrap_or_default(),
                row.name.clone().unwrap_or_default(),
                row.tax_id.as_ref().map(pair).unwrap_or_default(),
                part("line1"),
                part("line2"),
                part("city"),
                part("state"),
                part("postal_code"),
                part("country"),
                metadata(row),
            ]
        });
    Ok(csv::file("polar-customers.csv", HEAD, rows))
}

/// Number and kind, as Python shows a pair.
fn pair(tax_id: &TaxId) -> String {
    format!("('{}', '{}')", tax_id.0, tax_id.1)
}

fn metadata(row: &Customer) -> String {
    if row.metadata.is_empty() {
        return String::new();
    }
    Value::Object(row.metadata.clone()).to_string()
}
