//! `GET /v1/checkouts/`

use super::{Checkout, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys, View};
use crate::reply::Reply;
use crate::world::World;

const SORTS: &SortKeys<Checkout> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("expires_at", |_, row| SortKey::Time(row.expires_at)),
    ("status", |_, row| {
        SortKey::Text(row.status.word().to_owned())
    }),
];

const VIEW: View<Checkout> = View {
    sorts: SORTS,
    render,
};

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let query = &call.query;
    let rows = list::candidates(&world.checkouts, call, organization, &["customer_id"]);
    let wanted = |row: &Checkout| {
        let external_id = || {
            let customer = row.customer.and_then(|id| world.customers.find(id));
            customer.and_then(|row| row.external_id.as_ref())
        };
        row.organization == organization
            && query.allows("organization_id", row.organization)
            && query.allows("product_id", row.product)
            && query.allows_some("customer_id", row.customer)
            && query.allows_found("external_customer_id", external_id)
            && query.allows("status", row.status.word())
            && query.finds("query", row.buyer.email.as_deref())
    };
    Ok(list::page_of(world, call, rows, wanted, &VIEW))
}
