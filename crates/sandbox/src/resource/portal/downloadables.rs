//! `GET /v1/customer-portal/downloadables/`

use super::Visitor;
use crate::call::Call;
use crate::failure::Failure;
use crate::list;
use crate::reply::Reply;
use crate::resource::downloadable::{Downloadable, render};
use crate::world::World;

/// What the visitor may download, the latest first. A member has what was given to that member.
pub(super) fn list(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::of(world, call)?;
    let rows = world.downloadables.of(visitor.customer);
    let mut rows: Vec<&Downloadable> = rows
        .filter(|row| {
            visitor.sees(row.customer, row.member)
                && row.live_file(world).is_some()
                && call.query.allows("benefit_id", row.benefit)
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.created_at));
    Ok(list::paged(call, &rows, |row| render(world, row)))
}
