//! `POST /v1/customers/`

use serde::Deserialize;
use serde_json::{Map, Value};

use super::rules::{self, filled};
use super::{Customer, CustomerKind, NewCustomer, render};
use crate::billing::AddressInput;
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource::member::NewMember;
use crate::world::World;

#[derive(Deserialize)]
struct Input {
    #[serde(default, rename = "type")]
    kind: CustomerKind,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    external_id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    billing_address: Option<AddressInput>,
    #[serde(default)]
    tax_id: Option<String>,
    #[serde(default)]
    locale: Option<String>,
    #[serde(default)]
    owner: Option<NewMember>,
    #[serde(default)]
    metadata: Map<String, Value>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let input: Input = call.input()?;
    let external_id = filled(input.external_id);
    let address = input.billing_address.map(AddressInput::kept);
    let mut flaws = Vec::new();
    if let Some(email) = &input.email {
        flaws.extend(rules::email_flaw(world, organization, None, email));
    }
    if let Some(external_id) = &external_id {
        flaws.extend(rules::external_id_flaw(
            world,
            organization,
            None,
            external_id,
        ));
    }
    if !flaws.is_empty() {
        return Err(Failure::Refused(flaws));
    }
    let tax_id = filled(input.tax_id)
        .map(|text| rules::tax_id(address.as_ref(), &text, ""))
        .transpose()
        .map_err(|flaw| Failure::refused(*flaw))?;
    let id = super::add(
        world,
        NewCustomer {
            organization,
            kind: input.kind,
            email: input.email,
            external_id,
            name: filled(input.name),
            billing_name: None,
            billing_address: address,
            tax_id,
            locale: filled(input.locale),
            metadata: input.metadata,
            owner: input.owner,
        },
    );
    let customer: &Customer = world.customers.get(id)?;
    Ok(render(world, customer).into())
}
