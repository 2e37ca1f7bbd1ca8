//! `GET /v1/checkouts/{id}` and `GET /v1/checkouts/client/{client_secret}`

use super::{Checkout, render, render_public};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource::organization;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    Ok(render(world, own(world, call)?).into())
}

pub(super) fn client(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    Ok(render_public(world, by_secret(world, call)?).into())
}

/// The session in the path, when it is the caller's.
pub(super) fn own<'w>(world: &'w World, call: &Call) -> Result<&'w Checkout, Failure> {
    let organization = call.organization()?;
    let checkout = world.checkouts.get(call.id("id")?)?;
    if checkout.organization != organization {
        return Err(Failure::not_found());
    }
    Ok(checkout)
}

/// The session of a secret. After its day it is gone for the buyer, whatever became of it.
pub(super) fn by_secret<'w>(world: &'w World, call: &Call) -> Result<&'w Checkout, Failure> {
    let secret = call.text("client_secret")?;
    let checkout = world
        .checkouts
        .of(secret)
        .find(|row| row.client_secret == secret)
        .ok_or_else(Failure::not_found)?;
    if checkout.expires_at <= world.now() {
        let detail = "This checkout session has expired.";
        return Err(Failure::named(410, "ExpiredCheckoutError", detail));
    }
    if !organization::capabilities(world, checkout.organization).api_access {
        return Err(Failure::named(403, "NotPermitted", "Not permitted"));
    }
    Ok(checkout)
}
