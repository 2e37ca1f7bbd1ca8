//! `GET /v1/payments/`

use super::{Payment, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{By, Filter, Listing, SortKey, SortKeys};
use crate::reply::Reply;
use crate::world::{Id, World};

const SORTS: &SortKeys<Payment> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("status", |_, row| SortKey::text(row.status.word())),
    ("amount", |_, row| SortKey::Number(row.amount)),
    ("method", |_, _| SortKey::text("card")),
];

const LISTING: Listing<Payment> = Listing {
    table: |world| &world.payments,
    owner: |row| row.organization,
    indexed: &[
        ("order_id", By::Id),
        ("checkout_id", By::Id),
        ("customer_id", By::Id),
    ],
    filters: &[
        ("checkout_id", Filter::Id(|row| row.checkout.map(Id::uuid))),
        ("order_id", Filter::Id(|row| row.order.map(Id::uuid))),
        ("customer_id", Filter::Id(|row| row.customer.map(Id::uuid))),
        (
            "customer_email",
            Filter::Word(|_, row| row.customer_email.as_deref()),
        ),
        ("status", Filter::Word(|_, row| Some(row.status.word()))),
        ("method", Filter::Word(|_, _| Some("card"))),
    ],
    sorts: SORTS,
    render: |_, row| render(row),
};

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    LISTING.answer(world, call)
}
