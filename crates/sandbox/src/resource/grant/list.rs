//! The two lists of grants: of one benefit, and of the organization.

use super::{Grant, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys};
use crate::query::Query;
use crate::reply::Reply;
use crate::resource::benefit;
use crate::world::World;

const SORTS: &SortKeys<Grant> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("granted_at", |_, row| {
        SortKey::time_or_absent(row.granted_at)
    }),
    ("revoked_at", |_, row| {
        SortKey::time_or_absent(row.revoked_at)
    }),
];

/// `GET /v1/benefits/{id}/grants`, newest first.
pub(super) fn of_benefit(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let benefit = benefit::own(world, call)?.id;
    let rows: Vec<_> = world
        .grants
        .of(benefit)
        .rev()
        .filter(|row| allows(&call.query, row))
        .filter(|row| call.query.allows_some("member_id", row.member))
        .collect();
    Ok(list::paged(call, &rows, |row| render(world, row)))
}

/// `GET /v1/benefit-grants/`
pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let query = &call.query;
    let rows = list::of_customer(&world.grants, call)
        .filter(|row| {
            let benefit = world.benefits.find(row.benefit);
            benefit.is_some_and(|benefit| benefit.organization == organization)
        })
        .filter(|_| query.allows("organization_id", organization))
        .filter(|row| allows(query, row))
        .filter(|row| {
            let customer = world.customers.find(row.customer);
            let external_id = customer.and_then(|customer| customer.external_id.as_ref());
            query.allows_some("external_customer_id", external_id)
        })
        .collect();
    Ok(list::page(world, call, rows, SORTS, render))
}

fn allows(query: &Query, row: &Grant) -> bool {
    query.allows_flag("is_granted", row.is_granted()) && query.allows("customer_id", row.customer)
}
