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
use crate::world::World;

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
    kind: Option<CustomerKind>,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let mut input: Input = call.input()?;
    let customer = own(world, call)?.clone();
    if call.path.contains_key("external_id") {
        input.external_id = Patch::Absent;
    }
    let mut changed = customer.clone();
    let flaws = change(world, &mut changed, input);
    if !flaws.is_empty() {
        return Err(Failure::Refused(flaws));
    }
    let id = customer.id;
    *world.customers.get_mut(id)? = changed;
    announce::touch(world, id);
    Ok(render(world, world.customers.get(id)?).into())
}

/// Writes the update into the row; what is wrong with it comes back.
fn change(world: &World, row: &mut Customer, input: Input) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let own = Some(row.id);
    if let Some(email) = input.email {
        flaws.extend(rules::email_flaw(world, row.organization, own, &email));
        row.email_verified &= row.email.as_ref() == Some(&email);
        row.email = Some(email);
    }
    if let Some(wanted) = input.external_id.sent() {
        let wanted = filled(wanted);
        if row.external_id.is_some() && row.external_id != wanted {
            let message = "Customer external ID cannot be updated.";
            flaws.push(Flaw::field("external_id", message, wanted));
        } else if let Some(wanted) = wanted {
            flaws.extend(rules::external_id_flaw(
                world,
                row.organization,
                own,
                &wanted,
            ));
            row.external_id = Some(wanted);
        }
    }
    match input.billing_address {
        Patch::Absent => {}
        Patch::Null => {
            let message = "Billing address cannot be removed.";
            flaws.push(Flaw::field("billing_address", message, Value::Null));
        }
        Patch::Value(address) => row.billing_address = Some(address.kept()),
    }
    if let Some(wanted) = input.tax_id.sent() {
        match filled(wanted).map(|text| rules::tax_id(row.billing_address.as_ref(), &text, "")) {
            Some(Err(flaw)) => flaws.push(*flaw),
            Some(Ok(tax_id)) => row.tax_id = Some(tax_id),
            None => row.tax_id = None,
        }
    }
    match input.kind {
        Some(CustomerKind::Individual) if row.kind == CustomerKind::Team => {
            let message = "A team customer cannot become an individual one.";
            flaws.push(Flaw::field("type", message, "individual"));
        }
        Some(kind) => row.kind = kind,
        None => {}
    }
    if let Some(name) = input.name.sent() {
        row.name = filled(name);
    }
    input.locale.apply(&mut row.locale);
    row.metadata = input.metadata.unwrap_or_else(|| row.metadata.clone());
    flaws
}
