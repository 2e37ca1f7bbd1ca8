//! `DELETE /v1/customers/{id}` and `DELETE /v1/customers/external/{external_id}`

use serde_json::Value;

use super::{Customer, own};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource::{member, subscription};
use crate::world::{Id, Job, World};

/// Where the freed external id stays readable for the service itself.
const FORMER_EXTERNAL_ID: &str = "__external_id";

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = own(world, call)?.id;
    let anonymize = call.query.flag("anonymize").unwrap_or(false);
    member::remove_all(world, id);
    let now = world.stamp();
    let customer = world.customers.get_mut(id)?;
    customer.deleted_at = Some(now);
    customer.modified_at = Some(now);
    if let Some(external_id) = customer.external_id.take() {
        let kept = Value::from(external_id);
        customer
            .metadata
            .insert(FORMER_EXTERNAL_ID.to_owned(), kept);
    }
    if anonymize {
        scrub(customer);
    }
    world.agenda.soon(Job::CustomerDeleted(id));
    end_subscriptions(world, id);
    world.agenda.soon(Job::RevokeCustomerGrants(id));
    Ok(Reply::Empty)
}

/// Replaces what points at a person; the name of a business with a tax number stays.
fn scrub(customer: &mut Customer) {
    let id = customer.id;
    if customer.email.is_some() {
        customer.email = Some(format!("{id}@anonymized.invalid"));
    }
    if customer.tax_id.is_none() {
        customer.name = customer.name.take().map(|_| format!("Customer {id}"));
        customer.billing_name = customer
            .billing_name
            .take()
            .map(|_| format!("Customer {id}"));
    }
    customer.billing_address = None;
}

fn end_subscriptions(world: &mut World, customer: Id<Customer>) {
    let living: Vec<_> = world
        .subscriptions
        .of(customer)
        .filter(|row| row.is_alive())
        .map(|row| row.id)
        .collect();
    for id in living {
        subscription::end_now(world, id);
    }
}
