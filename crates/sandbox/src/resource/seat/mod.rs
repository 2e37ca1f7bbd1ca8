//! A seat: one person's place in a purchase that was sold by seats.

mod assign;
mod claim;
mod purchase;
mod read;
mod revoke;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use assign::assign;
pub(crate) use claim::claim_for_buyer;
pub(crate) use purchase::Purchase;
pub(crate) use read::list;
pub(crate) use revoke::{resend, revoke, revoke_all, revoke_of_member};

use crate::call::Handler;
use crate::render::{Json, object, plain};
use crate::resource::customer::Customer;
use crate::resource::grant::GrantScope;
use crate::resource::member::{self, Member};
use crate::resource::organization::Organization;
use crate::world::{Id, World, found_by};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("customer-seats:assign_seat", assign::by_seller),
    ("customer-seats:list_seats", read::by_seller),
    ("customer-seats:revoke_seat", revoke::by_seller),
    ("customer-seats:resend_invitation", revoke::resend_by_seller),
    ("customer-seats:get_claim_info", claim::info),
    ("customer-seats:claim_seat", claim::handle),
];

/// One row. A revoked seat is used again for the next person.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Seat {
    pub(crate) id: Id<Self>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) organization: Id<Organization>,
    pub(crate) purchase: GrantScope,
    pub(crate) status: Status,
    /// Who pays.
    pub(crate) customer: Id<Customer>,
    /// Who sits, or sat, there.
    pub(crate) member: Id<Member>,
    /// Proves an invitation; used once.
    pub(crate) invitation: Option<String>,
    pub(crate) invitation_ends_at: Option<Timestamp>,
    pub(crate) claimed_at: Option<Timestamp>,
    pub(crate) revoked_at: Option<Timestamp>,
    pub(crate) metadata: Map<String, Value>,
}

found_by!(Seat: purchase, member, invitation);

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seat")
            .field("id", &self.id)
            .field("purchase", &self.purchase)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// How a seat stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Somebody is invited.
    Pending,
    Claimed,
    Revoked,
}

plain!(Status);

/// The seats of a purchase, taken back ones among them.
pub(crate) fn of(world: &World, purchase: GrantScope) -> impl Iterator<Item = &Seat> {
    world.seats.of(purchase)
}

/// How many seats of a purchase are given out.
pub(crate) fn taken(world: &World, purchase: GrantScope) -> i64 {
    let taken = of(world, purchase).filter(|row| row.status != Status::Revoked);
    i64::try_from(taken.count()).unwrap_or(i64::MAX)
}

/// Who has claimed a seat of a purchase.
pub(crate) fn holders(world: &World, purchase: GrantScope) -> impl Iterator<Item = Id<Member>> {
    of(world, purchase)
        .filter(|row| row.status == Status::Claimed)
        .map(|row| row.member)
}

/// The seat as the API shows it.
pub(crate) fn render(world: &World, seat: &Seat) -> Json {
    let taken = seat.status != Status::Revoked;
    let (subscription, order) = match seat.purchase {
        GrantScope::Subscription(id) => (Some(id), None),
        GrantScope::Order(id) => (None, Some(id)),
    };
    let member = world.members.find(seat.member);
    let email = member.map(|member| &member.email);
    object!({
        "created_at": seat.created_at,
        "modified_at": seat.modified_at,
        "id": seat.id,
        "subscription_id": subscription,
        "order_id": order,
        "status": seat.status,
        "customer_id": taken.then_some(seat.customer),
        "member_id": taken.then_some(seat.member),
        "member": member.map(|row| member::render(world, row)),
        "email": email.filter(|_| taken),
        "customer_email": email,
        "invitation_token_expires_at": seat.invitation_ends_at,
        "claimed_at": seat.claimed_at,
        "revoked_at": seat.revoked_at,
        "seat_metadata": seat.metadata,
    })
}

/// Emits `customer_seat.<event>` and gives what was shown.
fn announce(world: &mut World, id: Id<Seat>, event: &str) -> Json {
    let Some(seat) = world.seats.find(id) else {
        return Value::Null.into();
    };
    let (organization, shown) = (seat.organization, render(world, seat));
    world.emit(organization, &format!("customer_seat.{event}"), &shown);
    shown
}
