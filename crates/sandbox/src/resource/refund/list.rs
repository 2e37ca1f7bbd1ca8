//! `GET /v1/refunds/`

use super::{Refund, RefundStatus, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys, View};
use crate::reply::Reply;
use crate::world::World;

const SORTS: &SortKeys<Refund> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("amount", |_, row| SortKey::Number(row.amount)),
];

const VIEW: View<Refund> = View {
    sorts: SORTS,
    render,
};

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let query = &call.query;
    let rows = list::candidates(&world.refunds, call, organization, &["order_id"]);
    let wanted = |row: &Refund| {
        let external_id = || {
            let customer = world.customers.find(row.customer);
            customer.and_then(|row| row.external_id.as_ref())
        };
        row.organization == organization
            && query.allows("id", row.id)
            && query.allows("organization_id", row.organization)
            && query.allows("order_id", row.order)
            && query.allows_some("subscription_id", row.subscription)
            && query.allows("customer_id", row.customer)
            && query.allows_found("external_customer_id", external_id)
            && query.allows_flag("succeeded", row.status == RefundStatus::Succeeded)
    };
    Ok(list::page_of(world, call, rows, wanted, &VIEW))
}
