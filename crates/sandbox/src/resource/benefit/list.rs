//! `GET /v1/benefits/`

use super::{Benefit, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys};
use crate::reply::Reply;
use crate::world::World;

const SORTS: &SortKeys<Benefit> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("description", |_, row| SortKey::text(&row.description)),
    ("type", |_, row| SortKey::text(row.kind.name())),
];

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let query = &call.query;
    let excluded = |row: &Benefit| query.all("exclude_id").any(|id| id == row.id.to_string());
    let mut rows: Vec<_> = world
        .benefits
        .iter()
        .filter(|row| row.organization == organization && !row.deleted)
        .filter(|row| query.allows("organization_id", row.organization))
        .filter(|row| query.allows("type", row.kind.name()))
        .filter(|row| query.allows("id", row.id))
        .filter(|row| !excluded(row))
        .filter(|row| query.finds("query", [row.description.as_str()]))
        .filter(|row| query.allows_metadata(&row.metadata))
        .collect();
    if let Some(order) = query.get("sorting").filter(|s| s.ends_with("user_order")) {
        sort_as_named(call, &mut rows);
        if order.starts_with('-') {
            rows.reverse();
        }
        return Ok(list::paged(call, &rows, |row| render(world, row)));
    }
    Ok(list::page(world, call, rows, SORTS, render))
}

/// In the order in which the call names the ids.
fn sort_as_named(call: &Call, rows: &mut [&Benefit]) {
    let named: Vec<_> = call.query.all("id").collect();
    rows.sort_by_key(|row| {
        let id = row.id.to_string();
        named.iter().position(|named| *named == id)
    });
}
