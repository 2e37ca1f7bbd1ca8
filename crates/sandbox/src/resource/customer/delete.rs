//! `DELETE /v1/customers/{id}` and `DELETE /v1/customers/external/{external_id}`

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Customer, own};
use crate::call::Call;
use crate::failure::Failure;
use crate::render;
use crate::reply::Reply;
use crate::resource::{member, subscription};
use crate::world::{Id, Job, World};

/// Where the freed external id stays readable for the service itself.
pub(super) const FORMER_EXTERNAL_ID: &str = "__external_id";

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
        scrub(customer, now);
    }
    world.agenda.soon(Job::EndSubscriptions(id));
    world.agenda.soon(Job::RevokeCustomerGrants(id));
    world.agenda.soon(Job::CustomerDeleted(id));
    Ok(Reply::Empty)
}

/// Replaces what points at a person by its digest; the name of a business with a tax number stays.
fn scrub(customer: &mut Customer, now: Timestamp) {
    let salt = customer.created_at.to_string();
    let digest = |text: &str| {
        hex(&Sha256::new()
            .chain_update(&salt)
            .chain_update(text)
            .finalize())
    };
    let email = customer.email.as_deref();
    customer.email = email.map(|email| format!("{}@anonymized.polar.sh", digest(email)));
    customer.email_verified = false;
    if customer.tax_id.is_none() {
        customer.name = customer.name.as_deref().map(digest);
    }
    customer.billing_name = customer.billing_name.as_deref().map(digest);
    customer.billing_address = None;
    let at = render::time(now);
    customer.metadata.insert("__anonymized_at".to_owned(), at);
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    let digits = bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    digits.collect()
}

/// Ends what a deleted customer is still billed for. What rests is never billed again.
pub(crate) fn end_subscriptions(world: &mut World, customer: Id<Customer>) {
    let billed: Vec<_> = world
        .subscriptions
        .of(customer)
        .filter(|row| row.is_billable())
        .map(|row| row.id)
        .collect();
    for id in billed {
        subscription::end_now(world, id);
    }
}
