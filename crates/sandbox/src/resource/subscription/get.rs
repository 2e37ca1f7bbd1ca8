//! `GET /v1/subscriptions/{id}`

use super::{Subscription, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    Ok(render(world, own(world, call)?).into())
}

/// The subscription in the path, when it is the caller's.
pub(super) fn own<'w>(world: &'w World, call: &Call) -> Result<&'w Subscription, Failure> {
    let organization = call.organization()?;
    let subscription = world.subscriptions.get(call.id("id")?)?;
    if subscription.organization != organization {
        return Err(Failure::not_found());
    }
    Ok(subscription)
}
