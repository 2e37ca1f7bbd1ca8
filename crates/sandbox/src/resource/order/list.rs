//! `GET /v1/orders/`

use super::{Order, OrderStatus, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys, View};
use crate::reply::Reply;
use crate::resource::organization::Organization;
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
    ("invoice_number", |_, row| text(row.invoice_number.as_ref())),
    ("amount", |_, row| SortKey::Number(row.net_amount())),
    ("net_amount", |_, row| SortKey::Number(row.net_amount())),
    ("customer", |world, row| {
        let customer = world.customers.find(row.customer);
        text(customer.and_then(|row| row.email.as_ref()))
    }),
    ("product", |world, row| {
        let product = row.product.and_then(|id| world.products.find(id));
        text(product.map(|row| &row.name))
    }),
    ("discount", |world, row| {
        let discount = row.discount.and_then(|id| world.discounts.find(id));
        text(discount.map(|row| &row.name))
    }),
    ("subscription", |_, row| {
        row.subscription
            .map_or(SortKey::Absent, |id| SortKey::Text(id.to_string()))
    }),
];

const VIEW: View<Order> = View {
    sorts: SORTS,
    render,
};

/// Filters that the table has an index for.
const INDEXED: &[&str] = &[
    "customer_id",
    "subscription_id",
    "checkout_id",
    "product_id",
];

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let rows = list::candidates(&world.orders, call, organization, INDEXED);
    let wanted = |row: &Order| matches(world, call, organization, row);
    Ok(list::page_of(world, call, rows, wanted, &VIEW))
}

/// The orders that the query's filters let through. An export knows fewer filters: they are absent then.
pub(super) fn matching<'w>(
    world: &'w World,
    call: &'w Call,
    organization: Id<Organization>,
) -> impl Iterator<Item = &'w Order> {
    let rows = list::candidates(&world.orders, call, organization, INDEXED);
    rows.filter(move |row| matches(world, call, organization, row))
}

fn matches(world: &World, call: &Call, organization: Id<Organization>, row: &Order) -> bool {
    let query = &call.query;
    let product = row.product.and_then(|id| world.products.find(id));
    let kind = product.map(|row| match row.cycle {
        Some(_) => "recurring",
        None => "one_time",
    });
    let external_id = || {
        let customer = world.customers.find(row.customer);
        let living = customer.filter(|row| row.deleted_at.is_none());
        living.and_then(|row| row.external_id.as_ref())
    };
    row.organization == organization
        && query.allows("organization_id", row.organization)
        && query.allows_some("product_id", row.product)
        && query.allows_some("product_billing_type", kind)
        && query.allows_some("discount_id", row.discount)
        && query.allows("customer_id", row.customer)
        && query.allows_found("external_customer_id", external_id)
        && query.allows_some("checkout_id", row.checkout)
        && query.allows_some("subscription_id", row.subscription)
        && query.allows("status", row.status.word())
        && query
            .time("created_after")
            .is_none_or(|after| row.created_at > after)
        && query
            .time("created_before")
            .is_none_or(|before| row.created_at < before)
        && query.allows_metadata(&row.metadata)
}

fn text(text: Option<&String>) -> SortKey {
    text.map_or(SortKey::Absent, |text| SortKey::Text(text.clone()))
}
