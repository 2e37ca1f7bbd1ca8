//! `GET /v1/organizations/`

use super::{Organization, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys};
use crate::reply::Reply;
use crate::world::World;

const SORTS: &SortKeys<Organization> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("name", |_, row| SortKey::text(&row.name)),
    ("slug", |_, row| SortKey::text(&row.slug)),
];

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let own = call.organization()?;
    let rows = world
        .organizations
        .find(own)
        .into_iter()
        .filter(|row| call.query.allows("slug", &row.slug))
        .collect();
    Ok(list::page(world, call, rows, SORTS, render))
}
