//! `GET /v1/customer-seats/claim/{invitation_token}`, `POST /v1/customer-seats/claim`, and the buyer's own seat.

use serde::Deserialize;
use serde_json::{Map, json};

use super::assign::{sit, take};
use super::{Purchase, Seat, Status, holders};
use crate::call::Call;
use crate::failure::Failure;
use crate::render::object;
use crate::reply::Reply;
use crate::resource::grant::GrantScope;
use crate::resource::{member, session};
use crate::world::World;

const INVALID: &str = "Invalid or expired invitation token";

/// Tells whoever holds an invitation what it is for.
pub(super) fn info(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let token = call.text("invitation_token")?;
    let seat =
        invited(world, token).ok_or_else(|| Failure::named(404, "ResourceNotFound", INVALID))?;
    let purchase = Purchase::find(world, seat.purchase).ok_or_else(Failure::not_found)?;
    let product = purchase.product.ok_or_else(Failure::not_found)?;
    let product = world.products.get(product)?;
    let organization = world.organizations.get(seat.organization)?;
    Ok(json!({
        "product_name": product.name,
        "product_id": product.id,
        "organization_name": organization.name,
        "organization_slug": organization.slug,
        "customer_email": world.members.get(seat.member)?.email,
        "can_claim": true,
    })
    .into())
}

/// Seats whoever holds an invitation and opens the portal to them.
pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    #[derive(Deserialize)]
    struct Input {
        invitation_token: String,
    }
    let input: Input = call.input()?;
    let seat = invited(world, &input.invitation_token)
        .ok_or_else(|| Failure::named(400, "InvalidInvitationToken", INVALID))?;
    let (id, customer, member) = (seat.id, seat.customer, seat.member);
    let shown = sit(world, id);
    let session = session::open(world, customer, Some(member), None);
    let token = &world.sessions.get(session)?.token;
    Ok(object!({"seat": shown, "customer_session_token": token}).into())
}

/// Seats the buyer on one of the seats just bought: what Polar's own confirmation page does.
pub(crate) fn claim_for_buyer(world: &mut World, scope: GrantScope) {
    let Some(purchase) = Purchase::find(world, scope) else {
        return;
    };
    let Some(owner) = member::owner(world, purchase.customer).map(|owner| owner.id) else {
        return;
    };
    let seated = holders(world, scope).any(|member| member == owner);
    if seated || purchase.available(world) == 0 {
        return;
    }
    let seat = take(world, &purchase, owner, Map::new());
    sit(world, seat);
}

fn invited<'w>(world: &'w World, token: &str) -> Option<&'w Seat> {
    let now = world.now();
    world.seats.of(token).find(|seat| {
        seat.status == Status::Pending
            && seat.invitation.as_deref() == Some(token)
            && seat.invitation_ends_at.is_some_and(|end| now < end)
    })
}
