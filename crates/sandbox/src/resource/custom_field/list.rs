//! `GET /v1/custom-fields/`

use super::{CustomField, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys};
use crate::reply::Reply;
use crate::world::World;

const SORTS: &SortKeys<CustomField> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("slug", |_, row| SortKey::text(&row.slug)),
    ("name", |_, row| SortKey::text(&row.name)),
    ("type", |_, row| SortKey::text(row.kind.word())),
];

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let query = &call.query;
    let rows = world
        .custom_fields
        .iter()
        .filter(|row| {
            row.organization == organization
                && row.deleted_at.is_none()
                && query.allows("organization_id", row.organization)
                && query.finds("query", [row.name.as_str(), row.slug.as_str()])
                && query.allows("type", row.kind.word())
        })
        .collect();
    Ok(list::page(world, call, rows, SORTS, |_, row| render(row)))
}
