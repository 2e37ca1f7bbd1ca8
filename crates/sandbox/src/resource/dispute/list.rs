//! `GET /v1/disputes/`

use super::{Dispute, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{By, Filter, Listing, SortKey, SortKeys};
use crate::reply::Reply;
use crate::world::World;

const SORTS: &SortKeys<Dispute> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("amount", |_, row| SortKey::Number(row.amount)),
];

const LISTING: Listing<Dispute> = Listing {
    table: |world| &world.disputes,
    owner: |row| row.organization,
    indexed: &[("order_id", By::Id)],
    filters: &[
        ("order_id", Filter::Id(|row| Some(row.order.uuid()))),
        ("status", Filter::Word(|_, row| Some(row.status.word()))),
    ],
    sorts: SORTS,
    render,
};

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    LISTING.answer(world, call)
}
