//! `PATCH /v1/orders/{id}`

use polarkit_model::Patch;
use serde::Deserialize;

use super::{announce, get, render};
use crate::billing::AddressInput;
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::customer::filled;
use crate::world::World;

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    billing_name: Patch<String>,
    #[serde(default)]
    billing_address: Option<AddressInput>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let input: Input = call.input()?;
    let mut order = get::own(world, call)?.clone();
    if let Some(wanted) = input.billing_address.map(AddressInput::kept) {
        // The tax was reckoned for this place.
        if let Some(before) = &order.billing_address
            && (before.country != wanted.country || before.state != wanted.state)
        {
            let field = if before.country == wanted.country {
                "state"
            } else {
                "country"
            };
            return Err(Failure::refused(Flaw::body(
                "value_error",
                ["billing_address".into(), field.into()],
                "The country and the state of an order cannot be changed.",
                wanted.part(field),
            )));
        }
        order.billing_address = Some(wanted);
    }
    if let Some(name) = input.billing_name.sent() {
        order.billing_name = filled(name);
    }
    let id = order.id;
    *world.orders.get_mut(id)? = order;
    announce::touch(world, id);
    announce(world, id, &["updated"]);
    Ok(render(world, world.orders.get(id)?).into())
}
