//! `PATCH /v1/checkouts/{id}` and `PATCH /v1/checkouts/client/{client_secret}`

use super::change::{self, By, Changes};
use super::{Checkout, CheckoutStatus, announce, get, render, render_public};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::{Id, World};

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let checkout = get::own(world, call)?.clone();
    if checkout.expires_at <= world.now() {
        super::expire::run(world, checkout.id);
    }
    let id = update(world, call, checkout.id, By::Seller)?;
    Ok(render(world, world.checkouts.get(id)?).into())
}

pub(super) fn client(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = get::by_secret(world, call)?.id;
    let id = update(world, call, id, By::Buyer)?;
    Ok(render_public(world, world.checkouts.get(id)?).into())
}

fn update(
    world: &mut World,
    call: &Call,
    id: Id<Checkout>,
    by: By,
) -> Result<Id<Checkout>, Failure> {
    let changes: Changes = call.input()?;
    let mut checkout = world.checkouts.get(id)?.clone();
    check_open(&checkout)?;
    change::apply(world, &mut checkout, changes, by)?;
    checkout.modified_at = Some(world.stamp());
    *world.checkouts.get_mut(id)? = checkout;
    announce::announce(world, id, "updated");
    Ok(id)
}

/// Only an open session can be changed or confirmed.
pub(super) fn check_open(checkout: &Checkout) -> Result<(), Failure> {
    if checkout.status == CheckoutStatus::Open {
        return Ok(());
    }
    let detail = format!(
        "Checkout {} is not open: {}",
        checkout.id,
        checkout.status.word()
    );
    Err(Failure::named(403, "NotOpenCheckout", detail))
}
