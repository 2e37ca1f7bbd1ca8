//! `GET /v1/meters/`

use super::{Meter, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys};
use crate::reply::Reply;
use crate::world::World;

const SORTS: &SortKeys<Meter> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("name", |_, row| SortKey::text(&row.name)),
];

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let query = &call.query;
    let rows = world
        .meters
        .iter()
        .filter(|row| row.organization == organization)
        .filter(|row| query.allows("organization_id", row.organization))
        .filter(|row| query.finds("query", [row.name.as_str()]))
        .filter(|row| query.allows_flag("is_archived", row.archived_at.is_some()))
        .filter(|row| query.allows_metadata(&row.metadata))
        .collect();
    Ok(list::page(world, call, rows, SORTS, render))
}
