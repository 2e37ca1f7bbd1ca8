//! `PATCH /v1/customers/{id}` and `PATCH /v1/customers/external/{external_id}`

use polarkit_model::Patch;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::rules::{self, filled};
use super::{Customer, CustomerKind, announce, own, render};
use crate::billing::AddressInput;
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::member;
use crate::world::{Id, World};

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    name: Patch<String>,
    #[serde(default)]
    billing_address: Patch<AddressInput>,
    #[serde(default)]
    tax_id: Patch<String>,
    #[serde(default)]
    locale: Patch<String>,
    #[serde(default)]
    external_id: Patch<String>,
    #[serde(default, rename = "type")]
    kind: Patch<CustomerKind>,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let mut input: Input = call.input()?;
    let customer = own(world, call)?.clone();
    if call.path.contains_key("external_id") {
        input.external_id = Patch::Absent;
        input.kind = Patch::Absent;
    }
    let mut changed = customer.clone();
    let flaws = change(world, &mut changed, &input);
    if !flaws.is_empty() {
        return Err(Failure::Refused(flaws));
    }
    rules::retax(&mut changed, input.tax_id, call.sends("billing_address"))
        .map_err(|flaw| Failure::refused(*flaw))?;
    if let Some(name) = input.name.sent() {
        changed.name = filled(name);
    }
    input.locale.apply(&mut changed.locale);
    changed.metadata = input.metadata.unwrap_or(changed.metadata);
    let id = customer.id;
    let moved = changed.email != customer.email;
    *world.customers.get_mut(id)? = changed;
    if moved {
        member::follow_email(world, id);
    }
    announce::touch(world, id);
    Ok(render(world, world.customers.get(id)?).into())
}

/// Writes into the row what others must not have, or it must not lose; what is wrong with it comes back.
fn change(world: &World, row: &mut Customer, input: &Input) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let own = Some(row.id);
    let same = |email: &String| {
        Some(email.to_lowercase()) == row.email.as_ref().map(|own| own.to_lowercase())
    };
    if let Some(email) = input.email.as_ref().filter(|email| !same(email)) {
        flaws.extend(rules::email_flaw(world, row.organization, own, email));
        row.email_verified = false;
        row.email = Some(email.clone());
    }
    match &input.billing_address {
        Patch::Absent => {}
        Patch::Null => {
            let message = "Customer billing address cannot be reset to null once set.";
            flaws.push(Flaw::field("billing_address", message, Value::Null));
        }
        Patch::Value(address) => row.billing_address = Some(address.clone().kept()),
    }
    if let Some(wanted) = input.external_id.clone().sent() {
        let wanted = filled(wanted);
        if row.external_id.is_some() && row.external_id != wanted {
            let message = "Customer external ID cannot be updated.";
            flaws.push(Flaw::field("external_id", message, wanted));
        } else if let Some(wanted) = wanted.filter(|_| row.external_id.is_none()) {
            flaws.extend(rules::external_id_flaw(
                world,
                row.organization,
                own,
                &wanted,
            ));
            row.external_id = Some(wanted);
        }
    }
    match input.kind {
        Patch::Value(kind) if kind == row.kind || kind == CustomerKind::Team => row.kind = kind,
        Patch::Absent => {}
        Patch::Null if row.kind == CustomerKind::Individual => {}
        Patch::Value(_) | Patch::Null => {
            let message = "Customer type cannot be downgraded from 'team' to 'individual'.";
            let sent = if input.kind == Patch::Null {
                Value::Null
            } else {
                "individual".into()
            };
            flaws.push(Flaw::field("type", message, sent));
        }
    }
    flaws
}

/// Makes a team of a customer who buys seats; a team stays one.
pub(crate) fn become_team(world: &mut World, id: Id<Customer>) {
    let Some(customer) = world.customers.find_mut(id) else {
        return;
    };
    if customer.kind == CustomerKind::Individual {
        customer.kind = CustomerKind::Team;
        announce::touch(world, id);
    }
}
