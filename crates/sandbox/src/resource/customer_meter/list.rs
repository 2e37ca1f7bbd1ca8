//! `GET /v1/customer-meters/`

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{CustomerMeter, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys};
use crate::reply::Reply;
use crate::resource::customer::{self, Customer};
use crate::world::World;

/// Also the portal's sorts: it offers some of these.
pub(crate) const SORTS: &SortKeys<CustomerMeter> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("modified_at", |_, row| {
        SortKey::Time(row.modified_at.unwrap_or(row.created_at))
    }),
    ("customer_id", |_, row| {
        SortKey::owned(row.customer.to_string())
    }),
    ("customer_name", |world, row| {
        let customer = world.customers.find(row.customer);
        let name = customer.and_then(|customer| customer.name.clone());
        name.map_or(SortKey::Absent, SortKey::owned)
    }),
    ("meter_id", |_, row| SortKey::owned(row.meter.to_string())),
    ("meter_name", |world, row| {
        let meter = world.meters.find(row.meter);
        meter.map_or(SortKey::Absent, |meter| SortKey::text(&meter.name))
    }),
    ("consumed_units", |_, row| thousandths(row.consumed)),
    ("credited_units", |_, row| SortKey::Number(row.credited)),
    ("balance", |_, row| thousandths(row.balance())),
];

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let rows = list::of_customer(&world.customer_meters, call)
        .filter(|row| {
            customer::find(world, organization, row.customer)
                .is_some_and(|customer| wanted(world, call, row, customer))
        })
        .collect();
    Ok(list::page(world, call, rows, SORTS, render))
}

fn wanted(world: &World, call: &Call, row: &CustomerMeter, customer: &Customer) -> bool {
    let query = &call.query;
    let meter = world.meters.find(row.meter);
    let live = meter.is_some_and(|meter| meter.archived_at.is_none());
    query.allows("organization_id", customer.organization)
        && query.allows("customer_id", customer.id)
        && query.allows_some("external_customer_id", customer.external_id.as_ref())
        && query.allows("meter_id", row.meter)
        && (live || query.get("meter_id").is_some())
}

/// Fine enough to sort by.
fn thousandths(quantity: Decimal) -> SortKey<'static> {
    let scaled = quantity.saturating_mul(Decimal::ONE_THOUSAND).to_i64();
    scaled.map_or(SortKey::Absent, SortKey::Number)
}
