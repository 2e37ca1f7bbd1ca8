//! `GET /v1/customers/`

use super::{Customer, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{By, Filter, Listing, METADATA, SortKey, SortKeys};
use crate::query::Query;
use crate::reply::Reply;
use crate::resource::subscription::Subscription;
use crate::world::World;

const SORTS: &SortKeys<Customer> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("email", |_, row| {
        SortKey::text_or_absent(row.email.as_ref())
    }),
    ("name", |_, row| SortKey::text_or_absent(row.name.as_ref())),
];

const LISTING: Listing<Customer> = Listing {
    table: |world| &world.customers,
    owner: |row| row.organization,
    indexed: &[("email", By::LowerCase)],
    filters: &[
        ("email", Filter::Rule(|_, query, row| has_email(query, row))),
        ("query", Filter::Rule(|_, query, row| is_found(query, row))),
        ("active", Filter::Flag(is_active)),
        (METADATA, Filter::Metadata(|row| &row.metadata)),
    ],
    sorts: SORTS,
    render,
};

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    LISTING.answer(world, call)
}

fn has_email(query: &Query, row: &Customer) -> bool {
    let own = row.email.as_ref().map(|own| own.to_lowercase());
    own == query.get("email").map(str::to_lowercase)
}

/// Searched for in e-mail and names; an external id has to begin with it.
fn is_found(query: &Query, row: &Customer) -> bool {
    let texts = [&row.email, &row.name, &row.billing_name];
    let begins = |id: &String| {
        let wanted = query.get("query").unwrap_or_default().to_lowercase();
        id.to_lowercase().starts_with(&wanted)
    };
    query.finds("query", texts.into_iter().flatten().map(String::as_str))
        || row.external_id.as_ref().is_some_and(begins)
}

/// True when some subscription of the customer is still billed.
fn is_active(world: &World, customer: &Customer) -> bool {
    world
        .subscriptions
        .of(customer.id)
        .any(Subscription::is_billable)
}
