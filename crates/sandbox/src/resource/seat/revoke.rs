//! `DELETE /v1/customer-seats/{seat_id}` and `POST …/resend`; seats that end with their purchase.

use super::assign::invite;
use super::{Seat, Status, announce, of, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource::grant::GrantScope;
use crate::resource::member::Member;
use crate::world::{Id, Job, World};

pub(super) fn by_seller(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = own(world, call)?;
    revoke(world, id)
}

pub(super) fn resend_by_seller(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = own(world, call)?;
    resend(world, id)
}

/// Takes a seat back from whoever has it. One that was taken back stays as it is.
pub(crate) fn revoke(world: &mut World, id: Id<Seat>) -> Result<Reply, Failure> {
    let seat = world.seats.get(id)?;
    if seat.status == Status::Revoked {
        return Ok(render(world, seat).into());
    }
    let now = world.stamp();
    let seat = world.seats.get_mut(id)?;
    seat.status = Status::Revoked;
    seat.revoked_at = Some(now);
    seat.modified_at = Some(now);
    seat.invitation = None;
    let purchase = seat.purchase;
    world.agenda.soon(Job::SyncGrants(purchase));
    Ok(announce(world, id, "revoked").into())
}

/// Takes all seats of a purchase back: it has ended, rests, or is not paid for.
pub(crate) fn revoke_all(world: &mut World, purchase: GrantScope) {
    let taken: Vec<_> = of(world, purchase)
        .filter(|seat| seat.status != Status::Revoked)
        .map(|seat| seat.id)
        .collect();
    revoke_each(world, taken);
}

/// Takes all seats of a member back, who is no longer one.
pub(crate) fn revoke_of_member(world: &mut World, member: Id<Member>) {
    let taken: Vec<_> = world
        .seats
        .of(member)
        .filter(|seat| seat.status != Status::Revoked)
        .map(|seat| seat.id)
        .collect();
    revoke_each(world, taken);
}

fn revoke_each(world: &mut World, seats: Vec<Id<Seat>>) {
    for id in seats {
        if let Err(failure) = revoke(world, id) {
            tracing::error!(?failure, seat = %id, "a seat that was there is gone");
        }
    }
}

/// Invites again, as long as the first invitation lasts.
pub(crate) fn resend(world: &mut World, id: Id<Seat>) -> Result<Reply, Failure> {
    let seat = world.seats.get(id)?;
    if seat.status != Status::Pending {
        let detail = "Seat is not in pending status";
        return Err(Failure::named(400, "SeatNotPending", detail));
    }
    let shown = render(world, seat).into();
    invite(world, id);
    Ok(shown)
}

fn own(world: &World, call: &Call) -> Result<Id<Seat>, Failure> {
    let organization = call.organization()?;
    call.id("seat_id")
        .ok()
        .and_then(|id| world.seats.find(id))
        .filter(|seat| seat.organization == organization)
        .map(|seat| seat.id)
        .ok_or_else(|| Failure::named(404, "ResourceNotFound", "Seat not found"))
}
