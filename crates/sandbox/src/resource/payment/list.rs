//! `GET /v1/payments/`

use super::{Payment, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys};
use crate::reply::Reply;
use crate::world::World;

const SORTS: &SortKeys<Payment> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("status", |_, row| {
        SortKey::Text(row.status.word().to_owned())
    }),
    ("amount", |_, row| SortKey::Number(row.amount)),
    ("method", |_, _| SortKey::Text("card".to_owned())),
];

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let query = &call.query;
    let rows = world
        .payments
        .iter()
        .filter(|row| {
            row.organization == organization
                && query.allows("organization_id", row.organization)
                && query.allows_some("checkout_id", row.checkout)
                && query.allows_some("order_id", row.order)
                && query.allows_some("customer_id", row.customer)
                && query.allows_some("customer_email", row.customer_email.as_ref())
                && query.allows("status", row.status.word())
                && query.allows("method", "card")
        })
        .collect();
    Ok(list::page(world, call, rows, SORTS, |_, row| render(row)))
}
