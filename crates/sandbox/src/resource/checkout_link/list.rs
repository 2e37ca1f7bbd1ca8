//! `GET /v1/checkout-links/`

use super::{CheckoutLink, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys};
use crate::reply::Reply;
use crate::world::World;

const SORTS: &SortKeys<CheckoutLink> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("label", |_, row| {
        SortKey::text_or_absent(row.label.as_ref())
    }),
    ("success_url", |_, row| {
        SortKey::text_or_absent(row.success_url.as_ref())
    }),
    ("allow_discount_codes", |_, row| {
        SortKey::Number(i64::from(row.allow_discount_codes))
    }),
];

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let query = &call.query;
    let rows = world
        .checkout_links
        .iter()
        .filter(|row| {
            row.organization == organization
                && row.deleted_at.is_none()
                && query.allows("organization_id", row.organization)
                && query.allows_any("product_id", &row.products)
        })
        .collect();
    Ok(list::page(world, call, rows, SORTS, render))
}
