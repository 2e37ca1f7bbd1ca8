//! `GET` and `PATCH /v1/customer-portal/customers/me`

use polarkit_model::Patch;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Visitor;
use crate::billing::AddressInput;
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::customer::{self, Customer, render_portal};
use crate::resource::payment_method::PaymentMethod;
use crate::world::{Id, World};

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    billing_name: Patch<String>,
    #[serde(default)]
    billing_address: Patch<AddressInput>,
    #[serde(default)]
    tax_id: Patch<String>,
    #[serde(default)]
    default_payment_method_id: Patch<Id<PaymentMethod>>,
}

pub(super) fn get(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::of(world, call)?;
    Ok(render_portal(world.customers.get(visitor.customer)?).into())
}

pub(super) fn update(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::with_billing(world, call)?;
    let mut changed = world.customers.get(visitor.customer)?.clone();
    let flaws = change(world, &mut changed, call.input()?);
    if !flaws.is_empty() {
        return Err(Failure::Refused(flaws));
    }
    *world.customers.get_mut(visitor.customer)? = changed;
    customer::touch(world, visitor.customer);
    Ok(render_portal(world.customers.get(visitor.customer)?).into())
}

/// Writes the update into the row; what is wrong with it comes back.
fn change(world: &World, row: &mut Customer, input: Input) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if let Some(name) = input.billing_name.sent() {
        row.billing_name = customer::filled(name);
    }
    match input.billing_address {
        Patch::Absent => {}
        Patch::Null => {
            let message = "Billing address cannot be removed.";
            let place = ["billing_address".into()];
            flaws.push(Flaw::body("missing", place, message, Value::Null));
        }
        Patch::Value(address) => row.billing_address = Some(address.kept()),
    }
    if let Some(tax_id) = input.tax_id.sent().map(customer::filled) {
        row.tax_id = None;
        if let Some(text) = tax_id {
            match customer::tax_id(row.billing_address.as_ref(), &text, "") {
                Ok(tax_id) => row.tax_id = Some(tax_id),
                Err(flaw) => flaws.push(*flaw),
            }
        }
    }
    match input.default_payment_method_id {
        Patch::Value(id) if !owns(world, row, id) => {
            let message = "Payment method does not exist.";
            let place = ["default_payment_method_id".into()];
            flaws.push(Flaw::body("invalid", place, message, json!(id)));
        }
        Patch::Null => {
            let message = "There is always a default payment method.";
            let place = ["default_payment_method_id".into()];
            flaws.push(Flaw::body("missing", place, message, Value::Null));
        }
        chosen @ (Patch::Value(_) | Patch::Absent) => chosen.apply(&mut row.default_payment_method),
    }
    flaws
}

fn owns(world: &World, customer: &Customer, id: Id<PaymentMethod>) -> bool {
    world
        .payment_methods
        .find(id)
        .is_some_and(|row| row.customer == customer.id && row.deleted_at.is_none())
}
