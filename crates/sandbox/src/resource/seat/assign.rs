//! `POST /v1/customer-seats`: a seat for somebody.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Purchase, Seat, Status, announce, of};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource::customer::{self, Customer};
use crate::resource::member::{self, Member, NewMember, Role};
use crate::world::{Id, Job, World};

const INVITATION: SignedDuration = SignedDuration::from_hours(24);
const NOBODY: &str = "Exactly one of email, external_customer_id, customer_id, external_member_id, or member_id must be provided";

#[derive(Deserialize)]
struct Input {
    email: Option<String>,
    external_customer_id: Option<String>,
    customer_id: Option<Id<Customer>>,
    external_member_id: Option<String>,
    member_id: Option<Id<Member>>,
    metadata: Option<Map<String, Value>>,
    immediate_claim: Option<bool>,
}

pub(super) fn by_seller(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let own = call.organization()?;
    let purchase = Purchase::named(world, call, |purchase| purchase.organization == own)?;
    assign(world, call, &purchase)
}

/// Invites whom the body names, or seats them at once.
pub(crate) fn assign(
    world: &mut World,
    call: &Call,
    purchase: &Purchase,
) -> Result<Reply, Failure> {
    let input: Input = call.input()?;
    check_room(world, purchase)?;
    let member = recipient(world, purchase, &input)?;
    let sits = |seat: &Seat| seat.status != Status::Revoked && seat.member == member;
    if of(world, purchase.scope).any(sits) {
        let email = world.members.get(member)?.email.clone();
        let detail = format!("Seat already assigned to customer {email}");
        return Err(Failure::named(400, "SeatAlreadyAssigned", detail));
    }
    let at_once = input.immediate_claim == Some(true);
    let id = take(world, purchase, member, input.metadata.unwrap_or_default());
    if at_once {
        return Ok(sit(world, id).into());
    }
    let now = world.now();
    let token = world.chance.alphanumeric(43);
    let seat = world.seats.get_mut(id)?;
    seat.invitation = Some(token);
    seat.invitation_ends_at = now.checked_add(INVITATION).ok();
    Ok(announce(world, id, "assigned").into())
}

fn check_room(world: &World, purchase: &Purchase) -> Result<(), Failure> {
    let refuse = |detail: String| Err(Failure::named(400, "SeatNotAvailable", detail));
    let organization = world.organizations.get(purchase.organization)?;
    if !organization.features.seat_based_pricing_enabled {
        let detail = "Seat-based pricing is not enabled for this organization";
        return Err(Failure::named(403, "FeatureNotEnabled", detail));
    }
    if purchase.is_unpaid {
        return refuse("Order must be paid before assigning seats".to_owned());
    }
    if purchase.available(world) == 0 {
        return refuse(format!("No available seats for {}", purchase.id()));
    }
    Ok(())
}

/// The seat that was taken back first, else a new one, for `member`.
pub(super) fn take(
    world: &mut World,
    purchase: &Purchase,
    member: Id<Member>,
    metadata: Map<String, Value>,
) -> Id<Seat> {
    let now = world.stamp();
    let free = of(world, purchase.scope)
        .find(|seat| seat.status == Status::Revoked)
        .map(|seat| (seat.id, seat.created_at));
    let modified_at = free.map(|_| now);
    let (id, created_at) = free.unwrap_or_else(|| (world.chance.id(), now));
    let seat = Seat {
        id,
        created_at,
        modified_at,
        organization: purchase.organization,
        purchase: purchase.scope,
        status: Status::Pending,
        customer: purchase.customer,
        member,
        invitation: None,
        invitation_ends_at: None,
        claimed_at: None,
        revoked_at: None,
        metadata,
    };
    world.seats.insert(id, seat);
    id
}

/// The member sits down, and gets what the product gives.
pub(super) fn sit(world: &mut World, id: Id<Seat>) -> Value {
    let now = world.stamp();
    let Some(seat) = world.seats.find_mut(id) else {
        return Value::Null;
    };
    seat.status = Status::Claimed;
    seat.claimed_at = Some(now);
    seat.invitation = None;
    let purchase = seat.purchase;
    world.agenda.soon(Job::SyncGrants(purchase));
    announce(world, id, "claimed")
}

/// The member of the paying customer who is meant; made when an e-mail names somebody new.
fn recipient(world: &mut World, purchase: &Purchase, input: &Input) -> Result<Id<Member>, Failure> {
    let missing = |name, what: String| Err(Failure::named(404, name, what));
    let known = |wanted: &dyn Fn(&Member) -> bool| {
        member::of(world, purchase.customer)
            .find(|row| wanted(row))
            .map(|row| row.id)
    };
    if let Some(id) = input.member_id {
        return match known(&|row| row.id == id) {
            Some(id) => Ok(id),
            None => missing("MemberNotFound", format!("Member not found: {id}")),
        };
    }
    if let Some(external_id) = &input.external_member_id {
        if let Some(id) = known(&|row| row.external_id.as_ref() == Some(external_id)) {
            let own = world.members.get(id)?.email.to_lowercase();
            if input
                .email
                .as_ref()
                .is_some_and(|sent| sent.to_lowercase() != own)
            {
                return Err(other_email(external_id));
            }
            return Ok(id);
        }
        if input.email.is_none() {
            let what = format!("Member not found: {external_id}");
            return missing("MemberNotFound", what);
        }
    }
    let (email, name) = match (&input.email, input.customer_id, &input.external_customer_id) {
        (Some(email), ..) => (Some(email.clone()), None),
        (None, Some(id), _) => match customer::find(world, purchase.organization, id) {
            Some(row) => (row.email.clone(), row.name.clone()),
            None => return missing("CustomerNotFound", format!("Customer not found: {id}")),
        },
        (None, None, Some(id)) => {
            match customer::by_external_id(world, purchase.organization, id) {
                Some(row) => (row.email.clone(), row.name.clone()),
                None => return missing("CustomerNotFound", format!("Customer not found: {id}")),
            }
        }
        (None, None, None) => (None, None),
    };
    let Some(email) = email else {
        let name = "InvalidSeatAssignmentRequest";
        return Err(Failure::named(400, name, NOBODY));
    };
    let wanted = email.to_lowercase();
    if let Some(id) = known(&|row| row.email.to_lowercase() == wanted) {
        if let Some(external_id) = &input.external_member_id {
            let row = world.members.get_mut(id)?;
            if row.external_id.is_some() {
                return Err(other_email(external_id));
            }
            row.external_id = Some(external_id.clone());
        }
        return Ok(id);
    }
    let new = NewMember {
        email,
        name,
        external_id: input.external_member_id.clone(),
    };
    Ok(member::add(world, purchase.customer, new, Role::Member))
}

fn other_email(external_id: &str) -> Failure {
    let detail = format!("The member {external_id} has another e-mail.");
    Failure::named(400, "MemberEmailMismatch", detail)
}
