//! `GET /v1/customers/`

use super::{Customer, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys, View};
use crate::query::Query;
use crate::reply::Reply;
use crate::resource::subscription::Subscription;
use crate::world::World;

const SORTS: &SortKeys<Customer> = &[
    ("created_at", |_, row| SortKey::Time(row.created_at)),
    ("email", |_, row| text(row.email.as_ref())),
    ("name", |_, row| text(row.name.as_ref())),
];

const VIEW: View<Customer> = View {
    sorts: SORTS,
    render,
};

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let query = &call.query;
    let email = query.get("email").map(str::to_lowercase);
    let rows = match email.as_deref() {
        Some(email) => world.customers.of(email),
        None => world.living(organization),
    };
    let wanted = |row: &Customer| {
        let own_email = || row.email.as_ref().map(|own| own.to_lowercase());
        row.organization == organization
            && query.allows("organization_id", row.organization)
            && (email.is_none() || own_email() == email)
            && is_found(query, row)
            && query
                .flag("active")
                .is_none_or(|wanted| wanted == is_active(world, row))
            && query.allows_metadata(&row.metadata)
    };
    Ok(list::page_of(world, call, rows, wanted, &VIEW))
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

fn text(text: Option<&String>) -> SortKey {
    text.map_or(SortKey::Absent, |text| SortKey::Text(text.clone()))
}

/// True when some subscription of the customer is still billed.
fn is_active(world: &World, customer: &Customer) -> bool {
    world
        .subscriptions
        .of(customer.id)
        .any(Subscription::is_billable)
}
