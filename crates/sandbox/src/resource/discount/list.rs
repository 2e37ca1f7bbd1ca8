//! `GET /v1/discounts/`

use super::{Discount, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys};
use crate::reply::Reply;
use crate::world::World;

const SORTS: &SortKeys<Discount> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("name", |_, row| SortKey::owned(row.name.to_lowercase())),
    ("code", |_, row| SortKey::text_or_absent(row.code.as_ref())),
    ("redemptions_count", |_, row| {
        SortKey::Number(i64::try_from(row.redemptions.len()).unwrap_or(i64::MAX))
    }),
    ("ends_at", |_, row| SortKey::time_or_absent(row.ends_at)),
];

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let query = &call.query;
    let rows = world
        .discounts
        .iter()
        .filter(|row| {
            let texts = [Some(row.name.as_str()), row.code.as_deref()];
            row.organization == organization
                && row.deleted_at.is_none()
                && query.allows("organization_id", row.organization)
                && query.finds("query", texts.into_iter().flatten())
        })
        .collect();
    Ok(list::page(world, call, rows, SORTS, render))
}
