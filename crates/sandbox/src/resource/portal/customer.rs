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
use crate::resource::subscription;
use crate::world::{Id, World};

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    billing_name: Option<String>,
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
    let input: Input = call.input()?;
    let mut changed = world.customers.get(visitor.customer)?.clone();
    let card = changed.default_payment_method;
    change(world, &mut changed, input)?;
    let new_card = changed
        .default_payment_method
        .filter(|new| Some(*new) != card);
    *world.customers.get_mut(visitor.customer)? = changed;
    customer::touch(world, visitor.customer);
    if let Some(card) = new_card {
        subscription::use_card(world, visitor.customer, card);
    }
    Ok(render_portal(world.customers.get(visitor.customer)?).into())
}

/// Writes the update into the row, field by field; the first that is wrong ends it.
fn change(world: &World, row: &mut Customer, input: Input) -> Result<(), Failure> {
    let refuse = |kind, field: &str, message: &str, sent: Value| {
        let flaw = Flaw::body(kind, [field.into()], message, sent);
        Err(Failure::refused(flaw))
    };
    if let Some(name) = input
        .billing_name
        .and_then(|name| customer::filled(Some(name)))
    {
        row.billing_name = Some(name);
    }
    let moved = !matches!(input.billing_address, Patch::Absent);
    match input.billing_address {
        Patch::Absent => {}
        Patch::Null => {
            let message = "Customer billing address cannot be reset to null once set.";
            return refuse("missing", "billing_address", message, Value::Null);
        }
        Patch::Value(address) => row.billing_address = Some(address.kept()),
    }
    match input.default_payment_method_id {
        Patch::Absent => {}
        Patch::Null => {
            let message = "Default payment method cannot be reset to null.";
            return refuse("missing", "default_payment_method_id", message, Value::Null);
        }
        Patch::Value(id) if !owns(world, row, id) => {
            let message = "Payment method not found.";
            return refuse("invalid", "default_payment_method_id", message, json!(id));
        }
        Patch::Value(id) => row.default_payment_method = Some(id),
    }
    customer::retax(row, input.tax_id, moved).map_err(|flaw| Failure::refused(*flaw))
}

fn owns(world: &World, customer: &Customer, id: Id<PaymentMethod>) -> bool {
    world
        .payment_methods
        .find(id)
        .is_some_and(|row| row.customer == customer.id && row.deleted_at.is_none())
}
