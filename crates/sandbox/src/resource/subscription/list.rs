//! `GET /v1/subscriptions/`

use super::{Subscription, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{By, Filter, Listing, METADATA, SortKey, SortKeys};
use crate::query::Query;
use crate::reply::Reply;
use crate::world::{Id, World};

const SORTS: &SortKeys<Subscription> = &[
    ("customer", |world, row| {
        let customer = world.customers.find(row.customer);
        SortKey::text_or_absent(customer.and_then(|row| row.name.as_ref().or(row.email.as_ref())))
    }),
    ("status", |_, row| SortKey::text(row.status.word())),
    ("started_at", |_, row| SortKey::Time(row.started_at)),
    ("current_period_end", |_, row| SortKey::Time(row.period_end)),
    ("ended_at", |_, row| SortKey::time_or_absent(row.ended_at)),
    ("ends_at", |_, row| SortKey::time_or_absent(row.ends_at)),
    ("amount", |world, row| SortKey::Number(row.amount(world))),
    ("product", |world, row| {
        SortKey::text_or_absent(world.products.find(row.product).map(|row| &row.name))
    }),
    ("discount", |world, row| {
        let discount = row.discount.and_then(|id| world.discounts.find(id));
        SortKey::text_or_absent(discount.map(|row| &row.name))
    }),
];

const LISTING: Listing<Subscription> = Listing {
    table: |world| &world.subscriptions,
    owner: |row| row.organization,
    indexed: &[("customer_id", By::Id), ("product_id", By::Id)],
    filters: &[
        ("product_id", Filter::Id(|row| Some(row.product.uuid()))),
        ("customer_id", Filter::Id(|row| Some(row.customer.uuid()))),
        ("external_customer_id", Filter::Word(external_id)),
        ("discount_id", Filter::Id(|row| row.discount.map(Id::uuid))),
        (
            "active",
            Filter::Rule(|_, query, row| is_wanted_as_active(query, row)),
        ),
        ("status", Filter::Word(|_, row| Some(row.status.word()))),
        (
            "cancel_at_period_end",
            Filter::Flag(|_, row| row.cancel_at_period_end),
        ),
        (
            "customer_cancellation_reason",
            Filter::Word(|_, row| row.cancellation_reason.as_deref()),
        ),
        ("canceled_at_after", Filter::Rule(is_canceled_after)),
        ("canceled_at_before", Filter::Rule(is_canceled_before)),
        ("started_after", Filter::After(|row| row.started_at)),
        ("started_before", Filter::Before(|row| row.started_at)),
        (METADATA, Filter::Metadata(|row| &row.metadata)),
    ],
    sorts: SORTS,
    render,
};

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    LISTING.answer(world, call)
}

/// The subscriptions that the query's filters let through.
pub(super) fn matching<'w>(
    world: &'w World,
    call: &Call,
) -> Result<Vec<&'w Subscription>, Failure> {
    LISTING.matching(world, call)
}

fn external_id<'w>(world: &'w World, row: &'w Subscription) -> Option<&'w str> {
    let customer = world.customers.find(row.customer);
    customer.and_then(|row| row.external_id.as_deref())
}

fn is_canceled_after(_: &World, query: &Query, row: &Subscription) -> bool {
    let after = query.time("canceled_at_after");
    after.is_none_or(|after| row.canceled_at >= Some(after))
}

fn is_canceled_before(_: &World, query: &Query, row: &Subscription) -> bool {
    let before = query.time("canceled_at_before");
    before.is_none_or(|before| row.canceled_at.is_some_and(|at| at <= before))
}

/// `active=false` asks for those that are over; what is past due or rests is neither.
pub(crate) fn is_wanted_as_active(query: &Query, row: &Subscription) -> bool {
    match query.flag("active") {
        None => true,
        Some(true) => row.is_active(),
        Some(false) => !row.is_alive(),
    }
}
