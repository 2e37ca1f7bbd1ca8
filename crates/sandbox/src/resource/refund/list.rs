//! `GET /v1/refunds/`

use super::{Refund, RefundStatus, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{By, Filter, Listing, SortKey, SortKeys};
use crate::reply::Reply;
use crate::world::{Id, World};

const SORTS: &SortKeys<Refund> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("amount", |_, row| SortKey::Number(row.amount)),
];

const LISTING: Listing<Refund> = Listing {
    table: |world| &world.refunds,
    owner: |row| row.organization,
    indexed: &[("order_id", By::Id)],
    filters: &[
        ("id", Filter::Id(|row| Some(row.id.uuid()))),
        ("order_id", Filter::Id(|row| Some(row.order.uuid()))),
        (
            "subscription_id",
            Filter::Id(|row| row.subscription.map(Id::uuid)),
        ),
        ("customer_id", Filter::Id(|row| Some(row.customer.uuid()))),
        ("external_customer_id", Filter::Word(external_id)),
        (
            "succeeded",
            Filter::Flag(|_, row| row.status == RefundStatus::Succeeded),
        ),
    ],
    sorts: SORTS,
    render,
};

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    LISTING.answer(world, call)
}

fn external_id<'w>(world: &'w World, row: &'w Refund) -> Option<&'w str> {
    let customer = world.customers.find(row.customer);
    customer.and_then(|row| row.external_id.as_deref())
}
