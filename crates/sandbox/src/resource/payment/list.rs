//! `GET /v1/payments/`

use super::{Payment, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys, View};
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

const VIEW: View<Payment> = View {
    sorts: SORTS,
    render: |_, row| render(row),
};

/// Filters that the table has an index for.
const INDEXED: &[&str] = &["order_id", "checkout_id", "customer_id"];

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let query = &call.query;
    let rows = list::candidates(&world.payments, call, organization, INDEXED);
    let wanted = |row: &Payment| {
        row.organization == organization
            && query.allows("organization_id", row.organization)
            && query.allows_some("checkout_id", row.checkout)
            && query.allows_some("order_id", row.order)
            && query.allows_some("customer_id", row.customer)
            && query.allows_some("customer_email", row.customer_email.as_ref())
            && query.allows("status", row.status.word())
            && query.allows("method", "card")
    };
    Ok(list::page_of(world, call, rows, wanted, &VIEW))
}
