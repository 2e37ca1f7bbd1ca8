//! `GET /v1/checkouts/`

use super::{Checkout, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{By, Filter, Listing, SortKey, SortKeys};
use crate::reply::Reply;
use crate::world::{Id, World};

const SORTS: &SortKeys<Checkout> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("expires_at", |_, row| SortKey::Time(row.expires_at)),
    ("status", |_, row| SortKey::text(row.status.word())),
];

const LISTING: Listing<Checkout> = Listing {
    table: |world| &world.checkouts,
    owner: |row| row.organization,
    indexed: &[("customer_id", By::Id)],
    filters: &[
        ("product_id", Filter::Id(|row| Some(row.product.uuid()))),
        ("customer_id", Filter::Id(|row| row.customer.map(Id::uuid))),
        ("external_customer_id", Filter::Word(external_id)),
        ("status", Filter::Word(|_, row| Some(row.status.word()))),
        (
            "query",
            Filter::Rule(|_, query, row| query.finds("query", row.buyer.email.as_deref())),
        ),
    ],
    sorts: SORTS,
    render,
};

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    LISTING.answer(world, call)
}

fn external_id<'w>(world: &'w World, row: &'w Checkout) -> Option<&'w str> {
    let customer = row.customer.and_then(|id| world.customers.find(id));
    customer.and_then(|row| row.external_id.as_deref())
}
