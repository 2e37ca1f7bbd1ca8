//! `GET /v1/members/`

use super::{Member, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys};
use crate::reply::Reply;
use crate::world::{Id, World};

const SORTS: &SortKeys<Member> = &[("created_at", |_, row| SortKey::Time(row.created_at))];

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let query = &call.query;
    if query
        .get("customer_id")
        .is_some_and(|id| Id::<Member>::parse(id).is_none())
    {
        let detail = "Invalid customer ID format";
        return Err(Failure::named(404, "ResourceNotFound", detail));
    }
    let rows = list::of_customer(&world.members, call)
        .filter(|row| {
            row.deleted_at.is_none()
                && query.allows("customer_id", row.customer)
                && query.allows("role", row.role.word())
                && world
                    .customer(organization, row.customer)
                    .is_some_and(|customer| {
                        query.allows_some("external_customer_id", customer.external_id.as_ref())
                    })
        })
        .collect();
    Ok(list::page(world, call, rows, SORTS, render))
}
