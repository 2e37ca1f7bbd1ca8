//! `PATCH /v1/orders/{id}`

use polarkit_model::Patch;
use serde::Deserialize;

use super::{announce, get, render};
use crate::billing::{Address, AddressInput};
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
        if let Some(before) = &order.billing_address {
            let flaws = moved(before, &wanted);
            if !flaws.is_empty() {
                return Err(Failure::Refused(flaws));
            }
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

/// What is wrong with an address in another place.
fn moved(before: &Address, wanted: &Address) -> Vec<Flaw> {
    let parts = [
        ("country", "Country cannot be changed"),
        ("state", "State cannot be changed"),
    ];
    parts
        .into_iter()
        .filter(|(part, _)| before.part(part) != wanted.part(part))
        .map(|(part, message)| {
            let place = ["billing_address".into(), part.into()];
            Flaw::body("value_error", place, message, wanted.part(part))
        })
        .collect()
}
