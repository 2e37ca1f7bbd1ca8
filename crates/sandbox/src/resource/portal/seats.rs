//! `/v1/customer-portal/seats`: a customer gives out the seats they pay for.

use super::{Visitor, subscriptions};
use crate::call::Call;
use crate::failure::Failure;
use crate::list;
use crate::reply::Reply;
use crate::resource::grant::GrantScope;
use crate::resource::seat::{self, Purchase, Seat};
use crate::world::{Id, World};

pub(super) fn list(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::of(world, call)?;
    Ok(seat::list(world, &purchase(world, call, &visitor)?))
}

pub(super) fn assign(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::with_billing(world, call)?;
    let purchase = purchase(world, call, &visitor)?;
    seat::assign(world, call, &purchase)
}

pub(super) fn revoke(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = own(world, call)?;
    seat::revoke(world, id)
}

pub(super) fn resend(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = own(world, call)?;
    seat::resend(world, id)
}

/// `GET /v1/customer-portal/seats/subscriptions`: where the visitor has claimed a seat.
pub(super) fn subscriptions(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::of(world, call)?;
    let member = visitor.member.map(|(member, _)| member);
    let rows: Vec<_> = world
        .subscriptions
        .of(visitor.customer)
        .filter(|row| {
            let mut holders = seat::holders(world, GrantScope::Subscription(row.id));
            holders.any(|holder| member.is_none_or(|member| member == holder))
        })
        .collect();
    Ok(list::paged(call, &rows, |row| {
        subscriptions::render(world, row)
    }))
}

fn purchase(world: &World, call: &Call, visitor: &Visitor) -> Result<Purchase, Failure> {
    Purchase::named(world, call, |purchase| {
        purchase.customer == visitor.customer
    })
}

fn own(world: &World, call: &Call) -> Result<Id<Seat>, Failure> {
    let visitor = Visitor::with_billing(world, call)?;
    call.id("seat_id")
        .ok()
        .and_then(|id| world.seats.find(id))
        .filter(|seat| seat.customer == visitor.customer)
        .map(|seat| seat.id)
        .ok_or_else(|| Failure::named(404, "ResourceNotFound", "Seat not found"))
}
