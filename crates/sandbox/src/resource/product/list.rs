//! `GET /v1/products/`

use super::{Product, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys};
use crate::reply::Reply;
use crate::resource::price::{Price, PriceKind};
use crate::world::World;

const SORTS: &SortKeys<Product> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("name", |_, row| SortKey::text(&row.name)),
    ("price_amount_type", |world, row| {
        match first_price(world, row).map(|price| &price.kind) {
            Some(PriceKind::Custom { .. }) => SortKey::Number(1),
            Some(PriceKind::Fixed { .. }) => SortKey::Number(2),
            _ => SortKey::Absent,
        }
    }),
    ("price_amount", |world, row| {
        match first_price(world, row).map(|price| &price.kind) {
            Some(PriceKind::Custom { minimum, .. }) => SortKey::Number(*minimum),
            Some(PriceKind::Fixed { amount }) => SortKey::Number(*amount),
            _ => SortKey::Absent,
        }
    }),
];

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let query = &call.query;
    let rows = world
        .products
        .iter()
        .filter(|row| {
            row.organization == organization
                && query.allows("id", row.id)
                && query.allows("organization_id", row.organization)
                && query.finds("query", [row.name.as_str()])
                && query.allows_flag("is_archived", row.archived)
                && query.allows_flag("is_recurring", row.cycle.is_some())
                && query.allows("visibility", row.visibility.word())
                && query.allows_metadata(&row.metadata)
                && query.allows_any("benefit_id", &row.benefits)
        })
        .collect();
    Ok(list::page(world, call, rows, SORTS, render))
}

/// The oldest of its prices.
fn first_price<'w>(world: &'w World, product: &Product) -> Option<&'w Price> {
    let prices = product
        .prices
        .iter()
        .filter_map(|id| world.prices.find(*id));
    prices.min_by_key(|price| price.created_at)
}
