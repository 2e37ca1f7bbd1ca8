//! `POST /v1/events/ingest`: all of a batch, or nothing.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Event, Source, kinds};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::customer::{self, Customer};
use crate::resource::member::Member;
use crate::resource::organization::Organization;
use crate::world::{Id, Job, World};

#[derive(Deserialize)]
struct Batch {
    events: Vec<Sent>,
}

#[derive(Deserialize)]
struct Sent {
    name: String,
    timestamp: Option<Timestamp>,
    organization_id: Option<Value>,
    customer_id: Option<Id<Customer>>,
    external_customer_id: Option<String>,
    member_id: Option<Id<Member>>,
    external_member_id: Option<String>,
    external_id: Option<String>,
    parent_id: Option<String>,
    #[serde(default)]
    metadata: Map<String, Value>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let batch: Batch = call.input()?;
    refuse_future(world, call, &batch)?;
    let flaws = flaws(world, organization, &batch);
    if !flaws.is_empty() {
        return Err(Failure::Refused(flaws));
    }
    let known_customers = known_customers(world, organization, &batch);
    let (mut inserted, mut duplicates) = (0, 0);
    let mut touched = BTreeSet::new();
    for sent in batch.events {
        let known = |id: &String| world.events.find_external(organization, id).is_some();
        if sent.external_id.as_ref().is_some_and(known) {
            duplicates += 1;
            continue;
        }
        inserted += 1;
        let external = sent.external_customer_id.as_ref();
        let customer = sent
            .customer_id
            .or_else(|| known_customers.get(external?).copied());
        write(world, organization, customer, sent);
        touched.extend(customer);
    }
    for customer in touched {
        world.agenda.when_quiet(Job::MeasureCustomer(customer));
    }
    Ok(json!({"inserted": inserted, "duplicates": duplicates}).into())
}

/// The customers that the batch names by external id.
fn known_customers(
    world: &World,
    organization: Id<Organization>,
    batch: &Batch,
) -> HashMap<String, Id<Customer>> {
    let named = batch.events.iter().map(|sent| &sent.external_customer_id);
    let named: HashSet<_> = named.flatten().collect();
    let find = |external_id: &String| {
        let row = world.customer_by_external_id(organization, external_id)?;
        Some((external_id.clone(), row.id))
    };
    named.into_iter().filter_map(find).collect()
}

/// Adds one event, of the customer when there is one already.
fn write(
    world: &mut World,
    organization: Id<Organization>,
    customer: Option<Id<Customer>>,
    sent: Sent,
) {
    let ingested_at = world.stamp();
    let timestamp = sent.timestamp.unwrap_or(ingested_at);
    let id = world.chance.id();
    let parent = sent
        .parent_id
        .and_then(|parent| find_parent(world, organization, &parent));
    kinds::ensure(world, organization, &sent.name);
    let event = Event {
        id,
        organization,
        timestamp,
        ingested_at,
        source: Source::User,
        name: sent.name,
        customer: sent.customer_id,
        external_customer: sent.external_customer_id,
        member: sent.member_id,
        external_member: sent.external_member_id,
        external_id: sent.external_id,
        parent,
        metadata: with_decimal_cost(sent.metadata),
    };
    world.events.insert(id, event);
    if let Some(row) = customer.and_then(|id| world.customers.find_mut(id)) {
        row.first_user_event_at.get_or_insert(timestamp);
    }
}

fn find_parent(world: &World, organization: Id<Organization>, named: &str) -> Option<Id<Event>> {
    Id::parse(named)
        .and_then(|id| world.events.find(id))
        .filter(|event| event.organization == organization)
        .map(|event| event.id)
        .or_else(|| world.events.find_external(organization, named))
}

/// Costs are decimals, and decimals are texts on Polar's wire.
fn with_decimal_cost(mut metadata: Map<String, Value>) -> Map<String, Value> {
    let amount = metadata
        .get_mut("_cost")
        .and_then(|cost| cost.get_mut("amount"));
    if let Some(amount) = amount
        && amount.is_number()
    {
        *amount = amount.to_string().into();
    }
    metadata
}

/// A future timestamp is an error of the schema, so it is told once for each shape an event may have.
fn refuse_future(world: &World, call: &Call, batch: &Batch) -> Result<(), Failure> {
    let now = world.now();
    let mut flaws = Vec::new();
    for (index, sent) in batch.events.iter().enumerate() {
        if sent.timestamp.is_none_or(|timestamp| timestamp <= now) {
            continue;
        }
        let raw = call.body.pointer(&format!("/events/{index}"));
        for (shape, key) in [
            ("EventCreateCustomer", "customer_id"),
            ("EventCreateExternalCustomer", "external_customer_id"),
        ] {
            let flaw = |kind, field: &str, message, input: Option<&Value>| {
                let place = ["events".into(), index.into(), shape.into(), field.into()];
                Flaw::body(kind, place, message, input.cloned().unwrap_or_default())
            };
            let timestamp = raw.and_then(|event| event.get("timestamp"));
            flaws.push(Flaw {
                context: Some(json!({"error": {}})),
                ..flaw(
                    "value_error",
                    "timestamp",
                    "Value error, Timestamp must be in the past.",
                    timestamp,
                )
            });
            if raw.is_some_and(|event| event.get(key).is_none()) {
                flaws.push(flaw("missing", key, "Field required", raw));
            }
        }
    }
    if flaws.is_empty() {
        return Ok(());
    }
    Err(Failure::Malformed(flaws))
}

/// Every broken rule of the batch.
fn flaws(world: &World, organization: Id<Organization>, batch: &Batch) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    for (index, sent) in batch.events.iter().enumerate() {
        let mut flaw = |kind, field: &str, message, input: Value| {
            let place = ["events".into(), index.into(), field.into()];
            flaws.push(Flaw::body(kind, place, message, input));
        };
        if let Some(named) = sent.organization_id.as_ref().filter(|id| !id.is_null()) {
            let message = "Setting organization_id is disallowed when using an organization token.";
            flaw(
                "organization_token",
                "organization_id",
                message,
                named.clone(),
            );
        }
        if let Some(id) = sent.customer_id
            && customer::find(world, organization, id).is_none()
        {
            flaw(
                "customer_id",
                "customer_id",
                "Customer not found.",
                json!(id),
            );
        }
        if let Some(id) = sent.member_id
            && !is_member(world, organization, id)
        {
            flaw("member_id", "member_id", "Member not found.", json!(id));
        }
    }
    flaws
}

fn is_member(world: &World, organization: Id<Organization>, id: Id<Member>) -> bool {
    world
        .members
        .find(id)
        .filter(|member| member.deleted_at.is_none())
        .is_some_and(|member| customer::find(world, organization, member.customer).is_some())
}
