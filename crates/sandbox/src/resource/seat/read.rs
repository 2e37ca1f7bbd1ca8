//! `GET /v1/customer-seats`

use super::{Purchase, of, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::render::object;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn by_seller(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let own = call.organization()?;
    let purchase = Purchase::named(world, call, |purchase| purchase.organization == own)?;
    Ok(list(world, &purchase))
}

/// The seats of a purchase, and how many there are.
pub(crate) fn list(world: &World, purchase: &Purchase) -> Reply {
    let seats: Vec<_> = of(world, purchase.scope)
        .map(|row| render(world, row))
        .collect();
    object!({
        "seats": seats,
        "available_seats": purchase.available(world),
        "total_seats": purchase.seats,
    })
    .into()
}
