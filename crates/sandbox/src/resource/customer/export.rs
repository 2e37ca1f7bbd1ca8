//! `GET /v1/customers/export`

use crate::call::Call;
use crate::csv;
use crate::failure::Failure;
use crate::render;
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
    "Locale",
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
                render::time(row.created_at)
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
                row.email.clone().unwrap_or_default(),
                row.name.clone().unwrap_or_default(),
                row.tax_id
                    .as_ref()
                    .map(|tax_id| tax_id.0.clone())
                    .unwrap_or_default(),
                part("line1"),
                part("line2"),
                part("city"),
                part("state"),
                part("postal_code"),
                part("country"),
                row.locale.clone().unwrap_or_default(),
                serde_json::Value::Object(row.metadata.clone()).to_string(),
            ]
        });
    Ok(csv::file("customers.csv", HEAD, rows))
}
