//! `GET /v1/orders/`

use super::{Order, OrderStatus, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{By, Filter, Listing, METADATA, SortKey, SortKeys};
use crate::reply::Reply;
use crate::world::{Id, World};

/// Statuses in the order they sort in.
const RANKS: [OrderStatus; 6] = [
    OrderStatus::Draft,
    OrderStatus::Pending,
    OrderStatus::Paid,
    OrderStatus::PartiallyRefunded,
    OrderStatus::Refunded,
    OrderStatus::Void,
];

const SORTS: &SortKeys<Order> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("status", |_, row| {
        let rank = RANKS.iter().position(|status| *status == row.status);
        SortKey::Number(
            rank.and_then(|rank| i64::try_from(rank).ok())
                .unwrap_or_default(),
        )
    }),
    ("invoice_number", |_, row| {
        SortKey::text_or_absent(row.invoice_number.as_ref())
    }),
    ("amount", |_, row| SortKey::Number(row.net_amount())),
    ("net_amount", |_, row| SortKey::Number(row.net_amount())),
    ("customer", |world, row| {
        let customer = world.customers.find(row.customer);
        SortKey::text_or_absent(customer.and_then(|row| row.email.as_ref()))
    }),
    ("product", |world, row| {
        let product = row.product.and_then(|id| world.products.find(id));
        SortKey::text_or_absent(product.map(|row| &row.name))
    }),
    ("discount", |world, row| {
        let discount = row.discount.and_then(|id| world.discounts.find(id));
        SortKey::text_or_absent(discount.map(|row| &row.name))
    }),
    ("subscription", |_, row| {
        row.subscription
            .map_or(SortKey::Absent, |id| SortKey::owned(id.to_string()))
    }),
];

const LISTING: Listing<Order> = Listing {
    table: |world| &world.orders,
    owner: |row| row.organization,
    indexed: &[
        ("customer_id", By::Id),
        ("subscription_id", By::Id),
        ("checkout_id", By::Id),
        ("product_id", By::Id),
    ],
    filters: &[
        ("product_id", Filter::Id(|row| row.product.map(Id::uuid))),
        ("product_billing_type", Filter::Word(billing_type)),
        ("discount_id", Filter::Id(|row| row.discount.map(Id::uuid))),
        ("customer_id", Filter::Id(|row| Some(row.customer.uuid()))),
        ("external_customer_id", Filter::Word(external_id)),
        ("checkout_id", Filter::Id(|row| row.checkout.map(Id::uuid))),
        (
            "subscription_id",
            Filter::Id(|row| row.subscription.map(Id::uuid)),
        ),
        ("status", Filter::Word(|_, row| Some(row.status.word()))),
        ("created_after", Filter::After(|row| row.created_at)),
        ("created_before", Filter::Before(|row| row.created_at)),
        (METADATA, Filter::Metadata(|row| &row.metadata)),
    ],
    sorts: SORTS,
    render,
};

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    LISTING.answer(world, call)
}

/// The orders that the query's filters let through.
pub(super) fn matching<'w>(world: &'w World, call: &Call) -> Result<Vec<&'w Order>, Failure> {
    LISTING.matching(world, call)
}

fn billing_type<'w>(world: &'w World, row: &'w Order) -> Option<&'w str> {
    let product = world.products.find(row.product?)?;
    let recurs = product.cycle.is_some();
    Some(if recurs { "recurring" } else { "one_time" })
}

/// A deleted customer's is not looked for.
fn external_id<'w>(world: &'w World, row: &'w Order) -> Option<&'w str> {
    let customer = world.customers.find(row.customer);
    let living = customer.filter(|row| row.deleted_at.is_none());
    living.and_then(|row| row.external_id.as_deref())
}
