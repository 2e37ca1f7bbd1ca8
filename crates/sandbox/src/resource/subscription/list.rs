//! `GET /v1/subscriptions/`

use super::{Subscription, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys, View};
use crate::query::Query;
use crate::reply::Reply;
use crate::resource::organization::Organization;
use crate::world::{Id, World};

const SORTS: &SortKeys<Subscription> = &[
    ("customer", |world, row| {
        let customer = world.customers.find(row.customer);
        text(customer.and_then(|row| row.name.as_ref().or(row.email.as_ref())))
    }),
    ("status", |_, row| {
        SortKey::Text(row.status.word().to_owned())
    }),
    ("started_at", |_, row| SortKey::Time(row.started_at)),
    ("current_period_end", |_, row| SortKey::Time(row.period_end)),
    ("ended_at", |_, row| {
        row.ended_at.map_or(SortKey::Absent, SortKey::Time)
    }),
    ("ends_at", |_, row| {
        row.ends_at.map_or(SortKey::Absent, SortKey::Time)
    }),
    ("amount", |world, row| SortKey::Number(row.amount(world))),
    ("product", |world, row| {
        text(world.products.find(row.product).map(|row| &row.name))
    }),
    ("discount", |world, row| {
        let discount = row.discount.and_then(|id| world.discounts.find(id));
        text(discount.map(|row| &row.name))
    }),
];

const VIEW: View<Subscription> = View {
    sorts: SORTS,
    render,
};

/// Filters that the table has an index for.
const INDEXED: &[&str] = &["customer_id", "product_id"];

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let rows = list::candidates(&world.subscriptions, call, organization, INDEXED);
    let wanted = |row: &Subscription| matches(world, call, organization, row);
    Ok(list::page_of(world, call, rows, wanted, &VIEW))
}

/// The subscriptions that the query's filters let through. An export knows fewer filters: they are absent then.
pub(super) fn matching<'w>(
    world: &'w World,
    call: &'w Call,
    organization: Id<Organization>,
) -> impl Iterator<Item = &'w Subscription> {
    let rows = list::candidates(&world.subscriptions, call, organization, INDEXED);
    rows.filter(move |row| matches(world, call, organization, row))
}

fn matches(world: &World, call: &Call, organization: Id<Organization>, row: &Subscription) -> bool {
    let query = &call.query;
    let external_id = || {
        let customer = world.customers.find(row.customer);
        customer.and_then(|row| row.external_id.as_ref())
    };
    row.organization == organization
        && query.allows("organization_id", row.organization)
        && query.allows("product_id", row.product)
        && query.allows("customer_id", row.customer)
        && query.allows_found("external_customer_id", external_id)
        && query.allows_some("discount_id", row.discount)
        && is_wanted_as_active(query, row)
        && query.allows("status", row.status.word())
        && query.allows_flag("cancel_at_period_end", row.cancel_at_period_end)
        && query.allows_some(
            "customer_cancellation_reason",
            row.cancellation_reason.as_ref(),
        )
        && query
            .time("canceled_at_after")
            .is_none_or(|after| row.canceled_at >= Some(after))
        && query
            .time("canceled_at_before")
            .is_none_or(|before| row.canceled_at.is_some_and(|at| at <= before))
        && query
            .time("started_after")
            .is_none_or(|after| row.started_at > after)
        && query
            .time("started_before")
            .is_none_or(|before| row.started_at < before)
        && query.allows_metadata(&row.metadata)
}

/// `active=false` asks for those that are over; what is past due or rests is neither.
pub(crate) fn is_wanted_as_active(query: &Query, row: &Subscription) -> bool {
    match query.flag("active") {
        None => true,
        Some(true) => row.is_active(),
        Some(false) => !row.is_alive(),
    }
}

fn text(text: Option<&String>) -> SortKey {
    text.map_or(SortKey::Absent, |text| SortKey::Text(text.clone()))
}
