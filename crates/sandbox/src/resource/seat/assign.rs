//! `POST /v1/customer-seats`: a seat for somebody.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Purchase, Seat, Status, announce, of};
use crate::call::Call;
use crate::failure::Failure;
use crate::render::Json;
use crate::reply::Reply;
use crate::resource::customer::{self, Customer};
use crate::resource::mail::{self, NewMail};
use crate::resource::member::{self, Member, NewMember, Role};
use crate::world::{Id, Job, World};

const INVITATION: SignedDuration = SignedDuration::from_hours(24);
const NOBODY: &str = "At least one of email, external_member_id, or member_id must be provided when member_model_enabled is true.";
const NO_CUSTOMER: &str =
    "Customer not found for the provided customer_id or external_customer_id.";

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
    invite(world, id);
    Ok(announce(world, id, "assigned").into())
}

/// Writes to whoever the seat is for.
pub(super) fn invite(world: &mut World, id: Id<Seat>) {
    let Some(seat) = world.seats.find(id) else {
        return;
    };
    let member = world.members.find(seat.member);
    if let (Some(member), Some(token)) = (member, &seat.invitation) {
        let mail = NewMail {
            to: member.email.clone(),
            subject: "You are invited to claim a seat".to_owned(),
            secret: token.clone(),
        };
        mail::send(world, mail);
    }
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
pub(super) fn sit(world: &mut World, id: Id<Seat>) -> Json {
    let now = world.stamp();
    let Some(seat) = world.seats.find_mut(id) else {
        return Value::Null.into();
    };
    seat.status = Status::Claimed;
    seat.claimed_at = Some(now);
    seat.invitation = None;
    let purchase = seat.purchase;
    world.agenda.soon(Job::SyncGrants(purchase));
    announce(world, id, "claimed")
}

/// The member of the paying customer who is meant; made when an e-mail names somebody new, and nobody is
/// told of that: the seat's own announcement says it.
fn recipient(world: &mut World, purchase: &Purchase, input: &Input) -> Result<Id<Member>, Failure> {
    let known = |wanted: &dyn Fn(&Member) -> bool| {
        let mut members = member::of(world, purchase.customer);
        members.find(|row| wanted(row)).map(|row| row.id)
    };
    if let Some(id) = input.member_id {
        return known(&|row| row.id == id).ok_or_else(|| no_member(&id.to_string()));
    }
    let email = email_of(world, purchase, input)?;
    let Some(external_id) = &input.external_member_id else {
        let email = email.ok_or_else(|| refuse_request(NOBODY))?;
        return Ok(by_email(world, purchase, &email));
    };
    if let Some(id) = known(&|row| row.external_id.as_ref() == Some(external_id)) {
        let own = world.members.get(id)?.email.to_lowercase();
        return match email {
            Some(email) if email.to_lowercase() != own => Err(other_email(external_id, &email)),
            Some(_) | None => Ok(id),
        };
    }
    let email = email.ok_or_else(|| no_member(external_id))?;
    let id = by_email(world, purchase, &email);
    let row = world.members.get_mut(id)?;
    if row.external_id.get_or_insert_with(|| external_id.clone()) != external_id {
        return Err(other_email(external_id, &email));
    }
    Ok(id)
}

/// The e-mail that is sent, or that of the customer who is named.
fn email_of(world: &World, purchase: &Purchase, input: &Input) -> Result<Option<String>, Failure> {
    let organization = purchase.organization;
    let named = match (input.customer_id, &input.external_customer_id) {
        (Some(id), _) => customer::find(world, organization, id),
        (None, Some(id)) => customer::by_external_id(world, organization, id),
        (None, None) => return Ok(input.email.clone()),
    };
    let named = named.ok_or_else(|| refuse_request(NO_CUSTOMER))?;
    Ok(input.email.clone().or_else(|| named.email.clone()))
}

fn by_email(world: &mut World, purchase: &Purchase, email: &str) -> Id<Member> {
    if let Some(known) = member::with_email(world, purchase.customer, email) {
        return known.id;
    }
    let new = NewMember {
        email: email.trim().to_owned(),
        name: None,
        external_id: None,
    };
    member::add_quietly(world, purchase.customer, new, Role::Member)
}

fn refuse_request(detail: &str) -> Failure {
    Failure::named(400, "InvalidSeatAssignmentRequest", detail)
}

fn no_member(named: &str) -> Failure {
    let detail = format!("Member not found: {named}");
    Failure::named(404, "MemberNotFound", detail)
}

fn other_email(external_id: &str, email: &str) -> Failure {
    let detail = format!(
        "Member with external_member_id '{external_id}' exists but has a different email than '{email}'"
    );
    Failure::named(400, "MemberEmailMismatch", detail)
}
